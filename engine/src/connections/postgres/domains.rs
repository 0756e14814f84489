//! The type behind a domain, which may be over other domains: for reading columns as for writing
//! them, a domain is what it is over.

/// Joins to a column `a` of the catalogue its type `b`, which is no domain, with what is declared
/// for it: `d.modifier` and `d.dimensions`.
pub(super) const TYPE_BEHIND: &str = "CROSS JOIN LATERAL (WITH RECURSIVE behind(type, modifier, dimensions) AS ( \
        SELECT a.atttypid, a.atttypmod, a.attndims::int \
        UNION ALL SELECT t.typbasetype, t.typtypmod, t.typndims \
        FROM behind JOIN pg_catalog.pg_type AS t ON t.oid = behind.type WHERE t.typtype = 'd') \
      SELECT * FROM behind) AS d \
    JOIN pg_catalog.pg_type AS b ON b.oid = d.type AND b.typtype <> 'd'";
