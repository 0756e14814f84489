-- The classes for readers of the database; every run puts the new ones in place of all old ones.
COPY INTO serving.public.billing_clusters FROM curated.billing_clusters (MODE replace);
