//! Files in an object store: written on this machine first, then uploaded, each of them whole.
//!
//! A store has no rename. A single object appears, or takes the place of the former one, when its
//! upload ends. Of a folder the new objects appear one after another, and after the last of them
//! the former ones go: a reader in between sees rows twice, and never too few.

use std::io::Read;
use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt;
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore, ObjectStoreExt, WriteMultipart};
use url::Url;

use super::checksum;
use super::formats::is_ours;
use super::options::UnloadingOptions;
use super::target::{exists, foreign_error};
use super::written::WrittenFiles;
use crate::config::Environment;
use crate::landing::{open_store, store_failed};
use crate::{Error, Result};

/// Larger files are uploaded in parts of this size.
const PART_BYTES: usize = 8 << 20;
/// Parts that are under way at the same time.
const PARTS_AT_ONCE: usize = 4;

/// An object, or what all objects of a folder begin with.
#[derive(Debug)]
pub(super) struct RemoteTarget {
    store: Arc<dyn ObjectStore>,
    path: ObjectPath,
    /// The address without password.
    shown: String,
}

impl RemoteTarget {
    /// The target at an address.
    ///
    /// # Errors
    /// A web address, or one that says too little.
    pub(super) fn open(url: &Url, environment: &Environment) -> Result<Self> {
        if ["http", "https"].contains(&url.scheme()) {
            return Err(Error::input("files cannot be written to a web address")
                .hint("write to a path, or to an object store such as s3://bucket/name"));
        }
        let (store, path, shown) = open_store(url, environment)?;
        if path.filename().is_none() {
            return Err(Error::input(format!("{shown} names no object"))
                .hint("write the name behind the bucket: s3://bucket/name"));
        }
        Ok(RemoteTarget { store, path, shown })
    }

    /// Checks that nothing is there that may not be replaced; gives the objects of the folder that
    /// are to go.
    ///
    /// # Errors
    /// Something is, or a store that does not answer.
    pub(super) async fn check_free(&self, options: &UnloadingOptions) -> Result<Vec<ObjectPath>> {
        let checksum = self.checksum()?;
        if !options.overwrite && options.checksum && self.is_there(&checksum).await? {
            return Err(exists(&checksum::name_for(&self.shown)));
        }
        if !options.is_folder() {
            return match !options.overwrite && self.is_there(&self.path).await? {
                true => Err(exists(&self.shown)),
                false => Ok(Vec::new()),
            };
        }
        let listed = self.store.list(Some(&self.path));
        let listed = listed.map_ok(|object| object.location);
        let former: Vec<ObjectPath> = listed
            .try_collect()
            .await
            .map_err(|error| store_failed(&self.shown, error))?;
        let foreign = |object: &&ObjectPath| !object.filename().is_some_and(is_ours);
        match former.iter().find(foreign) {
            _ if former.is_empty() => Ok(former),
            _ if !options.overwrite => Err(exists(&self.shown)),
            Some(foreign) => Err(foreign_error(&self.shown, foreign.as_ref())),
            None => Ok(former),
        }
    }

    /// Uploads files, and deletes those of a folder that they replace.
    ///
    /// # Errors
    /// Something has come there meanwhile, or a store that does not take them.
    pub(super) async fn upload(
        &self,
        files: &WrittenFiles,
        options: &UnloadingOptions,
    ) -> Result<()> {
        let former = self.check_free(options).await?;
        let checksum = self.checksum()?;
        if options.overwrite && self.is_there(&checksum).await? {
            self.delete(&checksum).await?;
        }
        let name = self.path.filename().unwrap_or_default();
        let lines = match (options.checksum, options.is_folder()) {
            (false, _) => None,
            (true, true) => Some(checksum::of_folder(files, name)?),
            (true, false) => Some(checksum::of_file(&files.only()?, name)?),
        };
        for (below, file) in files.iter() {
            let object = match options.is_folder() {
                true => parsed(&format!("{}/{below}", self.path))?,
                false => self.path.clone(),
            };
            self.upload_file(&file, &object).await?;
        }
        for object in former {
            self.delete(&object).await?;
        }
        if let Some(lines) = lines {
            let put = self.store.put(&checksum, lines.into()).await;
            put.map_err(|error| store_failed(&self.shown, error))?;
        }
        Ok(())
    }

    async fn upload_file(&self, file: &std::path::Path, object: &ObjectPath) -> Result<()> {
        let failed = |error| store_failed(&self.shown, error);
        let unread = |error| Error::file("read", file, error);
        let mut input = std::fs::File::open(file).map_err(unread)?;
        let mut part = next_part(&mut input).map_err(unread)?;
        if part.len() < PART_BYTES {
            return match self.store.put(object, part.into()).await {
                Ok(_) => Ok(()),
                Err(error) => Err(failed(error)),
            };
        }
        let upload = self.store.put_multipart(object).await.map_err(failed)?;
        let mut upload = WriteMultipart::new_with_chunk_size(upload, PART_BYTES);
        loop {
            if let Err(error) = upload.wait_for_capacity(PARTS_AT_ONCE).await {
                return Err(give_up(upload, failed(error)).await);
            }
            upload.put(part);
            part = match next_part(&mut input) {
                Ok(part) if part.is_empty() => break,
                Ok(part) => part,
                Err(error) => return Err(give_up(upload, unread(error)).await),
            };
        }
        // Gives up by itself if it fails.
        upload.finish().await.map_err(failed).map(|_| ())
    }

    async fn is_there(&self, object: &ObjectPath) -> Result<bool> {
        match self.store.head(object).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(store_failed(&self.shown, error)),
        }
    }

    async fn delete(&self, object: &ObjectPath) -> Result<()> {
        match self.store.delete(object).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(store_failed(&self.shown, error)),
        }
    }

    fn checksum(&self) -> Result<ObjectPath> {
        parsed(&checksum::name_for(self.path.as_ref()))
    }
}

/// Parts that were uploaded cost money until somebody says that they are not wanted.
async fn give_up(upload: WriteMultipart, error: Error) -> Error {
    // The first error is the one to tell.
    let _ = upload.abort().await;
    error
}

fn next_part(input: &mut impl Read) -> std::io::Result<Bytes> {
    let mut part = Vec::with_capacity(PART_BYTES);
    input.take(PART_BYTES as u64).read_to_end(&mut part)?;
    Ok(part.into())
}

fn parsed(object: &str) -> Result<ObjectPath> {
    ObjectPath::parse(object).map_err(|error| {
        Error::input(format!("{object:?} cannot be the name of an object"))
            .hint("partition by another column")
            .source(error)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use object_store::memory::InMemory;

    use super::*;
    use crate::sql::{PartitionField, UnloadOptions};
    use crate::unloading::formats::file_name;
    use crate::unloading::staging::Staging;

    fn target(store: &Arc<dyn ObjectStore>, path: &str) -> RemoteTarget {
        RemoteTarget {
            store: Arc::clone(store),
            path: path.into(),
            shown: format!("s3://bucket/{path}"),
        }
    }

    fn options(folder: bool) -> UnloadingOptions {
        let by = PartitionField {
            name: "part".to_owned(),
            expression: None,
        };
        let typed = UnloadOptions {
            overwrite: true,
            checksum: true,
            partition_by: if folder { vec![by] } else { Vec::new() },
            ..UnloadOptions::default()
        };
        UnloadingOptions::checked(&typed, "t.csv").unwrap()
    }

    /// Files of so many bytes, in folders of partitions.
    fn files(staging: &Staging, sizes: &[usize]) -> WrittenFiles {
        let name = |part| format!("part={part}/{}", file_name(uuid::Uuid::new_v4(), "csv"));
        let names: Vec<_> = (0..sizes.len()).map(name).collect();
        for (name, size) in names.iter().zip(sizes) {
            let path = staging.files().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, vec![b'x'; *size]).unwrap();
        }
        WrittenFiles::named(staging, names)
    }

    async fn sizes(store: &Arc<dyn ObjectStore>) -> Vec<(String, u64)> {
        let objects: Vec<_> = store.list(None).try_collect().await.unwrap();
        let mut sizes: Vec<_> = objects
            .into_iter()
            .map(|object| (object.location.to_string(), object.size))
            .collect();
        sizes.sort();
        sizes
    }

    #[tokio::test]
    async fn large_files_go_up_in_parts() {
        let folder = tempfile::tempdir().unwrap();
        for size in [0, 7, PART_BYTES, 2 * PART_BYTES + 1] {
            let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
            let staging = Staging::beside(&folder.path().join("t")).unwrap();
            let files = files(&staging, &[size]);
            let target = target(&store, "a/t.csv");
            target.upload(&files, &options(false)).await.unwrap();
            let found = sizes(&store).await;
            assert_eq!(found[0], ("a/t.csv".to_owned(), size as u64));
            assert_eq!(found[1].0, "a/t.csv.sha256");
        }
    }

    #[tokio::test]
    async fn former_objects_of_a_folder_go_and_foreign_ones_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let target = target(&store, "out");
        for count in [3, 2] {
            let staging = Staging::beside(&folder.path().join("t")).unwrap();
            let files = files(&staging, &vec![1; count]);
            target.upload(&files, &options(true)).await.unwrap();
            let found = sizes(&store).await;
            assert_eq!(found.len(), count + 1, "{found:?}");
        }
        let foreign = ObjectPath::from("out/mine.csv");
        store.put(&foreign, "1".into()).await.unwrap();
        let refused = target.check_free(&options(true)).await.unwrap_err();
        assert!(refused.message().contains("out/mine.csv"), "{refused}");
    }
}
