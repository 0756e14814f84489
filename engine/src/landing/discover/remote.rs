//! Files in an object store or behind a web address: fetched whole to a file of this machine
//! first, so that every format reads them alike and a cut connection is noticed before a row is.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore, ObjectStoreExt};
use tempfile::NamedTempFile;
use tokio::runtime::Handle;
use url::Url;

use super::walk::is_checksum;
use super::{Outside, Purpose, SourceFile};
use crate::config::Environment;
use crate::landing::formats::ReadOptions;
use crate::secrets::hide_passwords;
use crate::{Error, Kind, Place, Result};

const SCHEMES: [&str; 10] = [
    "s3", "s3a", "gs", "az", "adl", "abfs", "abfss", "azure", "http", "https",
];

/// The variables that say how to reach a store; those of the cloud's own tools.
const VARIABLES: [&str; 14] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT",
    "AWS_ENDPOINT_URL",
    "AWS_ALLOW_HTTP",
    "AWS_SKIP_SIGNATURE",
    "AZURE_STORAGE_ACCOUNT_NAME",
    "AZURE_STORAGE_ACCOUNT_KEY",
    "AZURE_STORAGE_SAS_KEY",
    "GOOGLE_SERVICE_ACCOUNT",
    "GOOGLE_APPLICATION_CREDENTIALS",
];

/// The pattern as a URL, if it is one of another machine.
///
/// # Errors
/// A scheme that is not known.
pub fn as_url(pattern: &str) -> Result<Option<Url>> {
    let Some((scheme, _)) = pattern.split_once("://") else {
        return Ok(None);
    };
    if scheme == "file" {
        return Ok(None);
    }
    if !SCHEMES.contains(&scheme) {
        return Err(Error::input(format!("cannot read {scheme}:// addresses"))
            .hint(format!("known are file, {}", SCHEMES.join(", "))));
    }
    Url::parse(pattern).map(Some).map_err(|error| {
        let shown = hide_passwords(pattern);
        Error::input(format!("'{shown}' is not an address: {error}"))
    })
}

/// The store of a URL, the path in it, and the URL as messages may show it.
///
/// # Errors
/// A URL that says too little.
pub fn open(
    url: &Url,
    environment: &Environment,
) -> Result<(Arc<dyn ObjectStore>, ObjectPath, String)> {
    let mut settings: BTreeMap<String, String> = VARIABLES
        .iter()
        .filter_map(|name| Some((name.to_lowercase(), environment.lookup(name)?)))
        .collect();
    if url.scheme() == "http" {
        // Whoever writes http:// has chosen it.
        settings.insert("allow_http".to_owned(), "true".to_owned());
    }
    let plain = without_password(url);
    let (store, path) =
        object_store::parse_url_opts(url, settings).map_err(|error| failed(&plain, error))?;
    Ok((Arc::from(store), path, plain))
}

/// The objects behind a URL: one, or all whose name starts with it and goes on with `/`. A `*` is
/// any text without `/`, and `**` any folders.
///
/// # Errors
/// Nothing there, no rights, no answer.
pub(super) fn fetch(
    url: &Url,
    options: &ReadOptions,
    outside: &Outside,
    purpose: Purpose,
) -> Result<Vec<SourceFile>> {
    let (store, path, plain) = open(url, &outside.environment)?;
    Handle::current().block_on(async {
        let mut files = Vec::new();
        for object in list(&store, &path, &plain).await? {
            let copy = copy_of(&store, &object, &plain, &outside.spill_folder).await?;
            let identity = sibling(url, &path, &object);
            let mut file = SourceFile::examine(
                copy.to_path_buf(),
                Path::new(object.as_ref()),
                identity.clone(),
                identity,
                options,
                purpose,
            )?;
            file.fetched = Some(Arc::new(copy));
            files.push(file);
        }
        Ok(files)
    })
}

async fn list(
    store: &Arc<dyn ObjectStore>,
    path: &ObjectPath,
    url: &str,
) -> Result<Vec<ObjectPath>> {
    let text = percent_encoding::percent_decode_str(path.as_ref()).decode_utf8_lossy();
    let pattern = text.contains('*');
    if !pattern {
        match store.head(path).await {
            Ok(_) => return Ok(vec![path.clone()]),
            Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(failed(url, error)),
        }
    }
    // All that could match begins like the pattern does up to its first `*`.
    let folder = match text.split_once('*') {
        Some((start, _)) => start.rsplit_once('/').map_or("", |(folder, _)| folder),
        None => &text,
    };
    let prefix = ObjectPath::from(folder);
    let as_in_folders = glob::MatchOptions {
        require_literal_separator: true,
        ..glob::MatchOptions::new()
    };
    let matcher = glob::Pattern::new(&text)
        .map_err(|error| Error::input(format!("'{text}' is not a pattern: {error}")))?;
    let mut paths: Vec<ObjectPath> = store
        .list(Some(&prefix))
        .map_ok(|object| object.location)
        .try_filter(|location| {
            let hidden = location
                .filename()
                .is_none_or(|name| name.starts_with(['.', '_']) || is_checksum(name));
            let wanted =
                !hidden && (!pattern || matcher.matches_with(location.as_ref(), as_in_folders));
            std::future::ready(wanted)
        })
        .try_collect()
        .await
        .map_err(|error| failed(url, error))?;
    paths.sort();
    if paths.is_empty() {
        return Err(Error::input(format!("nothing is at {url}")).hint("check the address"));
    }
    Ok(paths)
}

/// A copy of an object, deleted with the value.
async fn copy_of(
    store: &Arc<dyn ObjectStore>,
    object: &ObjectPath,
    url: &str,
    folder: &Path,
) -> Result<tempfile::TempPath> {
    let failed_here = |error| Error::file("write", folder, error);
    let mut file = NamedTempFile::new_in(folder).map_err(failed_here)?;
    let mut bytes = store
        .get(object)
        .await
        .map_err(|error| failed(url, error))?
        .into_stream();
    while let Some(part) = bytes.next().await {
        let part = part.map_err(|error| failed(url, error))?;
        file.write_all(&part).map_err(failed_here)?;
    }
    Ok(file.into_temp_path())
}

/// The URL of an object that was found through `path`, that of `url`. An object has one however
/// it was found and however its name was escaped: the ledger knows it by that.
fn sibling(url: &Url, path: &ObjectPath, object: &ObjectPath) -> String {
    let mut sibling = bare(url);
    // Fails only for URLs that have no path. What stands in front of that of the object, such as a
    // bucket, stays.
    if let Ok(mut segments) = sibling.path_segments_mut() {
        segments.pop_if_empty();
        for _ in path.parts() {
            segments.pop();
        }
        segments.extend(object.parts().map(|part| part.as_ref().to_owned()));
    }
    sibling.to_string()
}

fn without_password(url: &Url) -> String {
    bare(url).to_string()
}

/// The URL without what gives access.
fn bare(url: &Url) -> Url {
    let mut url = url.clone();
    // Both fail only for URLs that cannot have one.
    let _ = url.set_password(None);
    let _ = url.set_username("");
    url.set_query(None);
    url
}

/// What went wrong at a URL, and who must act.
pub fn failed(url: &str, error: object_store::Error) -> Error {
    match error {
        object_store::Error::NotFound { .. } => Error::input("nothing is there"),
        object_store::Error::PermissionDenied { .. }
        | object_store::Error::Unauthenticated { .. } => {
            Error::input("the store refuses access").hint(
                "give the rights in AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION, or their like for Azure and Google",
            )
        }
        error => Error::new(Kind::Unavailable, "the store does not do what it is asked").source(error),
    }
    .place(Place::file(PathBuf::from(url)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_object_has_one_address_however_it_was_found() {
        for (url, path, object, expected) in [
            (
                "http://u:p@h/a%20b.csv?sig=x",
                "a b.csv",
                "a b.csv",
                "http://h/a%20b.csv",
            ),
            ("http://h/d", "d", "d/a b.csv", "http://h/d/a%20b.csv"),
            (
                "http://h/d%20e/",
                "d e",
                "d e/b.csv",
                "http://h/d%20e/b.csv",
            ),
            ("s3://bucket/%61.csv", "a.csv", "a.csv", "s3://bucket/a.csv"),
            ("s3://bucket", "", "a.csv", "s3://bucket/a.csv"),
            (
                "s3://bucket/x/*.csv",
                "x/*.csv",
                "x/100%25.csv",
                "s3://bucket/x/100%2525.csv",
            ),
            (
                "https://s3.eu.amazonaws.com/bucket/a",
                "a",
                "a/b",
                "https://s3.eu.amazonaws.com/bucket/a/b",
            ),
        ] {
            let [path, object] = [path, object].map(|path| ObjectPath::parse(path).unwrap());
            assert_eq!(sibling(&Url::parse(url).unwrap(), &path, &object), expected);
        }
    }

    #[test]
    fn a_wrong_address_does_not_show_its_password() {
        let error = as_url("http://user:geheim@host:99999999/a.csv").unwrap_err();
        assert!(!error.to_string().contains("geheim"), "{error}");
    }
}
