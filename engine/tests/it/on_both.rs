//! Tests that run on SQLite and on Postgres.

/// Makes two tests of each function: it gets a `$fixture` made by `sqlite()`, and one made by
/// `postgres()`.
macro_rules! on_both {
    ($fixture:ty: $($name:ident),* $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $name() {
                    super::$name(&<$fixture>::sqlite()).await;
                }
            )*
        }
        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $name() {
                    super::$name(&<$fixture>::postgres().await).await;
                }
            )*
        }
    };
}

pub(crate) use on_both;
