//! The SQL dialect of Tidemill.
//!
//! The generic dialect of the parser comes close, but it takes a trailing comma in a projection
//! (so that `SELECT id, cluster FROM t` fails on the reserved word), and parses clauses of other
//! systems that the engine would then ignore.
//! Here every feature is named; what is not named is off.

use std::any::TypeId;

use datafusion::sql::sqlparser::ast::Expr;
use datafusion::sql::sqlparser::dialect::{Dialect, GenericDialect, Precedence};
use datafusion::sql::sqlparser::keywords::{Keyword, RESERVED_FOR_COLUMN_ALIAS};
use datafusion::sql::sqlparser::parser::{Parser, ParserError};

/// The one dialect in which all SQL is tokenized and parsed.
#[derive(Debug, Default, Clone, Copy)]
pub struct TideDialect;

macro_rules! dialect_with {
    ($($feature:ident),* $(,)?) => {
        impl Dialect for TideDialect {
            // The parser branches on the type of the dialect; we want the generic branches.
            fn dialect(&self) -> TypeId {
                TypeId::of::<GenericDialect>()
            }

            fn is_delimited_identifier_start(&self, ch: char) -> bool {
                GenericDialect.is_delimited_identifier_start(ch)
            }

            fn is_identifier_start(&self, ch: char) -> bool {
                GenericDialect.is_identifier_start(ch)
            }

            fn is_identifier_part(&self, ch: char) -> bool {
                GenericDialect.is_identifier_part(ch)
            }

            // `INSERT INTO t SELECT 1 ON CONFLICT ..`: after AS, ON is still a name.
            fn is_column_alias(&self, keyword: &Keyword, _parser: &mut Parser) -> bool {
                *keyword != Keyword::ON && !RESERVED_FOR_COLUMN_ALIAS.contains(keyword)
            }

            fn parse_infix(
                &self,
                parser: &mut Parser,
                expr: &Expr,
                _precedence: u8,
            ) -> Option<Result<Expr, ParserError>> {
                parse_is_distinct_from(parser, expr, self.prec_value(Precedence::Is))
            }

            $(fn $feature(&self) -> bool {
                true
            })*
        }
    };
}

dialect_with!(
    allow_extract_custom,
    allow_extract_single_quotes,
    support_map_literal_syntax,
    supports_array_join_syntax,
    supports_array_typedef_with_brackets,
    supports_asc_desc_in_column_definition,
    supports_bitwise_shift_operators,
    supports_comma_separated_set_assignments,
    supports_comma_separated_trim,
    supports_comment_on,
    supports_comment_optimizer_hint,
    supports_connect_by,
    supports_constraint_keyword_without_name,
    supports_create_index_with_clause,
    supports_create_view_comment_syntax,
    supports_cte_without_as,
    supports_data_type_signed_suffix,
    supports_detach,
    supports_dictionary_syntax,
    supports_explain_with_utility_options,
    supports_extract_comma_syntax,
    supports_filter_during_aggregation,
    supports_from_first_select,
    supports_group_by_expr,
    supports_group_by_with_modifier,
    supports_install,
    supports_interpolate,
    supports_interval_options,
    supports_key_column_option,
    supports_lambda_functions,
    supports_left_associative_joins_without_parens,
    supports_limit_comma,
    supports_load_extension,
    supports_match_against,
    supports_match_recognize,
    supports_multiline_comment_hints,
    supports_named_fn_args_with_assignment_operator,
    supports_nested_comments,
    supports_optimize_table,
    supports_order_by_all,
    supports_parens_around_table_factor,
    supports_parenthesized_set_variables,
    supports_partition_by_after_order_by,
    supports_pipe_operator,
    supports_quote_delimited_string,
    supports_select_item_multi_column_alias,
    supports_select_wildcard_except,
    supports_select_wildcard_exclude,
    supports_select_wildcard_ilike,
    supports_select_wildcard_rename,
    supports_select_wildcard_replace,
    supports_set_names,
    supports_start_transaction_modifier,
    supports_string_escape_constant,
    supports_struct_literal,
    supports_table_versioning,
    supports_try_convert,
    supports_unicode_string_literal,
    supports_update_order_by,
    supports_user_host_grantee,
    supports_values_as_table_factor,
    supports_window_clause_named_window_reference,
    supports_window_function_null_treatment_arg,
    supports_with_fill,
    supports_xml_expressions,
);

/// The parser itself takes everything that follows as the right side, so that
/// `a IS DISTINCT FROM b AND c` would compare `a` with `b AND c`.
fn parse_is_distinct_from(
    parser: &mut Parser,
    left: &Expr,
    precedence: u8,
) -> Option<Result<Expr, ParserError>> {
    let combine = if parser.parse_keywords(&[Keyword::IS, Keyword::DISTINCT, Keyword::FROM]) {
        Expr::IsDistinctFrom
    } else if parser.parse_keywords(&[Keyword::IS, Keyword::NOT, Keyword::DISTINCT, Keyword::FROM])
    {
        Expr::IsNotDistinctFrom
    } else {
        return None;
    };
    let right = parser.parse_subexpr(precedence);
    Some(right.map(|right| combine(Box::new(left.clone()), Box::new(right))))
}
