//! The two key providers: one over a file, one in memory; they differ only in where the store lies.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use async_trait::async_trait;
use lru::LruCache;
use serde_json::Value;
use uuid::Uuid;

use super::crypto::{Secret, keyed_digest, new_key_id, secret, subject_tag, unwrap, wrap};
use super::sealing::{self, DataKey};
use super::store::{Store, WrappedKey, key_binding, path_in};
use super::{Digest, KEK_FILE, KeyError, KeyProvider, Opened, SealedValue, kek};
use crate::LogError;
use crate::clock::{Clock, SystemClock};
use crate::entropy::Entropy;

/// Unwrapped keys kept at most, by id and by subject.
const CACHED_KEYS: NonZeroUsize = NonZeroUsize::new(20_000).expect("not zero");
/// Kind of the check values; callers' kinds do not begin with a dollar sign.
const CHECK_KIND: &str = "$check";

/// Data keys in `keys.db` of the data directory, wrapped by a key-encryption key in a file.
pub struct FileKeys {
    core: Arc<Core>,
}

/// Data keys that die with the process: tests.
pub struct MemoryKeys {
    core: Arc<Core>,
}

struct Core {
    store: Mutex<Store>,
    kek: Secret,
    entropy: Arc<Entropy>,
    clock: Arc<dyn Clock>,
    epochs: RwLock<BTreeMap<u32, Secret>>,
    /// Filled and emptied under the lock of `store`, so that an erased key can't slip back in.
    cache: Mutex<Cache>,
    /// Tags of erased subjects.
    erased: RwLock<HashSet<String>>,
    /// False when `keys.db` was missing: nothing is sealed then.
    available: bool,
    bulk: AtomicBool,
}

struct Cache {
    by_id: LruCache<String, Secret>,
    by_subject: LruCache<String, DataKey>,
}

impl FileKeys {
    /// Opens the keys of a data directory. The key-encryption key is read from `kek_path`, else from `keys.kek` in the
    /// directory.
    ///
    /// When `keys.db` is missing, `create` decides: with it (an empty log) the store is made, and `keys.kek` too unless
    /// it is there or configured elsewhere; without it (a log with records) nothing is made, everything sealed answers
    /// [`Opened::KeyMissing`], [`FileKeys::check_values`] is empty so that the log refuses writes, and sealing fails.
    ///
    /// # Errors
    /// [`KeyError`]: a file that others may read, a key-encryption key that is missing, malformed or another store's, a
    /// store of a newer format, a failed read or write.
    pub fn open(
        directory: &Path,
        kek_path: Option<&Path>,
        create: bool,
        entropy: Arc<Entropy>,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<Self>, KeyError> {
        let path = path_in(directory);
        let present = path
            .try_exists()
            .map_err(|error| KeyError::Store(format!("{}: {error}", path.display())))?;
        if !present && !create {
            let mut store = Store::open_memory()?;
            let kek = secret(&entropy);
            store.create(&kek, &entropy, false, clock.now())?;
            return Ok(Arc::new(Self {
                core: Core::new(store, kek, entropy, clock, false)?,
            }));
        }
        let default_kek = directory.join(KEK_FILE);
        let kek_file = kek_path.unwrap_or(&default_kek);
        let kek = match kek::read(kek_file) {
            // A configured key file that is missing (a secret that was not mounted) is never replaced by a new one.
            Err(KeyError::KekMissing { .. }) if !present && kek_path.is_none() => kek::create(kek_file, &entropy)?,
            other => other?,
        };
        if !present {
            kek::create_private(&path)?;
        }
        let mut store = Store::open_file(&path)?;
        if !store.has_tables(&path)? {
            if !create {
                return Err(KeyError::Format {
                    path,
                    problem: "it is empty".to_owned(),
                });
            }
            store.create(&kek, &entropy, true, clock.now())?;
        }
        if !store.fits(&kek)? {
            return Err(KeyError::WrongKek {
                kek: kek_file.to_owned(),
                keys: path,
            });
        }
        store.empty_wal()?;
        Ok(Arc::new(Self {
            core: Core::new(store, kek, entropy, clock, true)?,
        }))
    }

    /// Whether there are keys at all; see [`FileKeys::open`].
    #[must_use]
    pub fn available(&self) -> bool {
        self.core.available
    }

    /// One check value per HMAC epoch whose key is here, oldest first: 64 hex digits, the digest of a constant. The log
    /// keeps them in its header and refuses writes while the key of one of its epochs is not here.
    #[must_use]
    pub fn check_values(&self) -> Vec<(u32, String)> {
        self.core.check_values()
    }

    /// Makes a new HMAC epoch; digests are made with it from now on. Answers the epoch and its check value, which must
    /// reach the log's header before the next append.
    ///
    /// # Errors
    /// [`KeyError`] when the key can't be stored; the old epoch then stays current.
    pub fn rotate_epoch(&self) -> Result<(u32, String), KeyError> {
        self.core.rotate_epoch()
    }

    /// Destroys again the keys of subjects that the log says were erased: an older `keys.db` that was restored may
    /// still hold them. Run at every start, before anything is read. Answers how many keys there were.
    ///
    /// # Errors
    /// [`KeyError`] when the store can't be written; the start must then fail.
    pub fn reapply_erasures<'a>(&self, subjects: impl IntoIterator<Item = &'a str>) -> Result<u64, KeyError> {
        self.core.reapply_erasures(subjects.into_iter().collect())
    }

    /// Until [`FileKeys::commit_bulk`], new keys are not durable when `seal` returns. Only for a log whose own commits
    /// wait likewise: the keys must be committed before the events that use them.
    ///
    /// # Errors
    /// [`KeyError`] when the store can't be written.
    pub fn begin_bulk(&self) -> Result<(), KeyError> {
        self.core.begin_bulk()
    }

    /// Makes the keys of the bulk durable in one commit and returns to the ordinary way.
    ///
    /// # Errors
    /// [`KeyError`]: the keys of the bulk are lost, and no event that uses them may be committed.
    pub fn commit_bulk(&self) -> Result<(), KeyError> {
        self.core.commit_bulk()
    }
}

impl MemoryKeys {
    /// New keys with one HMAC epoch.
    ///
    /// # Panics
    /// When SQLite can't make a database in memory.
    #[must_use]
    pub fn new(entropy: Arc<Entropy>) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let kek = secret(&entropy);
        let core = Store::open_memory()
            .and_then(|mut store| {
                store.create(&kek, &entropy, true, clock.now())?;
                Core::new(store, kek, entropy, clock, true)
            })
            .expect("a store in memory has no disk to fail");
        Self { core }
    }

    /// As [`FileKeys::check_values`].
    #[must_use]
    pub fn check_values(&self) -> Vec<(u32, String)> {
        self.core.check_values()
    }

    /// As [`FileKeys::rotate_epoch`].
    ///
    /// # Errors
    /// [`KeyError`] when the key can't be stored.
    pub fn rotate_epoch(&self) -> Result<(u32, String), KeyError> {
        self.core.rotate_epoch()
    }

    /// As [`FileKeys::reapply_erasures`].
    ///
    /// # Errors
    /// [`KeyError`] when the store can't be written.
    pub fn reapply_erasures<'a>(&self, subjects: impl IntoIterator<Item = &'a str>) -> Result<u64, KeyError> {
        self.core.reapply_erasures(subjects.into_iter().collect())
    }
}

impl fmt::Debug for FileKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileKeys")
            .field("available", &self.core.available)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for MemoryKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryKeys").finish_non_exhaustive()
    }
}

macro_rules! delegate {
    ($provider:ty) => {
        #[async_trait]
        impl KeyProvider for $provider {
            async fn seal(&self, event: Uuid, payload: &mut Value) -> Result<Vec<String>, LogError> {
                Core::seal(&self.core, event, payload).await
            }

            fn open(&self, sealed: &SealedValue) -> Opened {
                self.core.open(sealed)
            }

            fn digest(&self, kind: &str, value: &[u8]) -> Digest {
                self.core.digest(kind, value)
            }

            fn digest_all(&self, kind: &str, value: &[u8]) -> Vec<Digest> {
                self.core.digest_all(kind, value)
            }

            fn digest_at(&self, epoch: u32, kind: &str, value: &[u8]) -> Option<Digest> {
                self.core.digest_at(epoch, kind, value)
            }

            async fn knows(&self, subject: &str) -> Result<bool, LogError> {
                Core::knows(&self.core, subject).await
            }

            async fn erase(&self, subject: &str) -> Result<u64, LogError> {
                Core::erase(&self.core, subject).await
            }
        }
    };
}

delegate!(FileKeys);
delegate!(MemoryKeys);

impl Core {
    fn new(
        store: Store,
        kek: Secret,
        entropy: Arc<Entropy>,
        clock: Arc<dyn Clock>,
        available: bool,
    ) -> Result<Arc<Self>, KeyError> {
        let epochs = store.epochs(&kek)?;
        let erased = store.erased()?.iter().map(|subject| subject_tag(subject)).collect();
        Ok(Arc::new(Self {
            store: Mutex::new(store),
            kek,
            entropy,
            clock,
            epochs: RwLock::new(epochs),
            cache: Mutex::new(Cache {
                by_id: LruCache::new(CACHED_KEYS),
                by_subject: LruCache::new(CACHED_KEYS),
            }),
            erased: RwLock::new(erased),
            available,
            bulk: AtomicBool::new(false),
        }))
    }

    async fn seal(self: &Arc<Self>, event: Uuid, payload: &mut Value) -> Result<Vec<String>, LogError> {
        let subjects = sealing::subjects(payload)?;
        if subjects.is_empty() {
            return Ok(Vec::new());
        }
        let cached = self.cached(&subjects);
        let keys = match cached {
            Some(keys) => keys,
            // Inside a bulk nothing waits for the disk.
            None if self.bulk.load(Ordering::Acquire) => self.load_or_make(&subjects)?,
            None => {
                let (core, wanted) = (Arc::clone(self), subjects.clone());
                run_blocking(move || core.load_or_make(&wanted)).await?
            }
        };
        sealing::seal(payload, event, &self.entropy, &keys);
        Ok(subjects.into_iter().collect())
    }

    /// The keys of all subjects, when every one is cached.
    fn cached(&self, subjects: &BTreeSet<String>) -> Option<BTreeMap<String, DataKey>> {
        let mut cache = lock(&self.cache);
        subjects
            .iter()
            .map(|subject| Some((subject.clone(), cache.by_subject.get(subject)?.clone())))
            .collect()
    }

    /// The keys of all subjects; new ones are durable on return (outside a bulk), in one commit.
    fn load_or_make(&self, subjects: &BTreeSet<String>) -> Result<BTreeMap<String, DataKey>, KeyError> {
        if !self.available {
            return Err(KeyError::NoKeys);
        }
        let mut store = lock(&self.store);
        let mut keys = BTreeMap::new();
        let mut made = Vec::new();
        for subject in subjects {
            if self.is_erased(&subject_tag(subject)) {
                return Err(KeyError::SubjectErased);
            }
            let key = match store.key_of(subject)? {
                Some(wrapped) => {
                    let secret = self
                        .unwrap_key(&wrapped)
                        .ok_or_else(|| KeyError::Store(format!("data key {} does not unwrap", wrapped.id)))?;
                    DataKey { id: wrapped.id, secret }
                }
                None => {
                    let key = DataKey {
                        id: new_key_id(&self.entropy, subject),
                        secret: secret(&self.entropy),
                    };
                    let wrapped = wrap(&self.kek, &self.entropy, &key_binding(&key.id, subject), &key.secret);
                    made.push(WrappedKey {
                        id: key.id.clone(),
                        subject: subject.clone(),
                        wrapped,
                    });
                    key
                }
            };
            keys.insert(subject.clone(), key);
        }
        if !made.is_empty() {
            store.add_keys(&made, self.clock.now())?;
        }
        let mut cache = lock(&self.cache);
        for (subject, key) in &keys {
            cache.by_id.put(key.id.clone(), key.secret.clone());
            cache.by_subject.put(subject.clone(), key.clone());
        }
        Ok(keys)
    }

    fn open(&self, sealed: &SealedValue) -> Opened {
        if let Some(secret) = lock(&self.cache).by_id.get(&sealed.key) {
            return sealing::open(sealed, secret);
        }
        let store = lock(&self.store);
        match store.key_by_id(&sealed.key) {
            Ok(Some(wrapped)) => match self.unwrap_key(&wrapped) {
                Some(secret) => {
                    let opened = sealing::open(sealed, &secret);
                    lock(&self.cache).by_id.put(wrapped.id, secret);
                    opened
                }
                None => Opened::Damaged,
            },
            Ok(None) => {
                let tag = sealed.key.split_once('.').map_or("", |(tag, _)| tag);
                if self.is_erased(tag) {
                    Opened::Erased
                } else {
                    Opened::KeyMissing
                }
            }
            Err(error) => {
                tracing::error!(%error, "a data key could not be read");
                Opened::KeyMissing
            }
        }
    }

    fn unwrap_key(&self, wrapped: &WrappedKey) -> Option<Secret> {
        unwrap(&self.kek, &key_binding(&wrapped.id, &wrapped.subject), &wrapped.wrapped)
    }

    fn is_erased(&self, tag: &str) -> bool {
        self.erased.read().unwrap_or_else(PoisonError::into_inner).contains(tag)
    }

    async fn knows(self: &Arc<Self>, subject: &str) -> Result<bool, LogError> {
        if self.is_erased(&subject_tag(subject)) {
            return Ok(true);
        }
        let (core, subject) = (Arc::clone(self), subject.to_owned());
        Ok(run_blocking(move || Ok(lock(&core.store).key_of(&subject)?.is_some())).await?)
    }

    async fn erase(self: &Arc<Self>, subject: &str) -> Result<u64, LogError> {
        let (core, subject) = (Arc::clone(self), subject.to_owned());
        Ok(run_blocking(move || core.destroy(&[&subject])).await?)
    }

    fn reapply_erasures(&self, subjects: Vec<&str>) -> Result<u64, KeyError> {
        if subjects.is_empty() {
            Ok(0)
        } else {
            self.destroy(&subjects)
        }
    }

    fn destroy(&self, subjects: &[&str]) -> Result<u64, KeyError> {
        let mut store = lock(&self.store);
        let destroyed = store.erase(subjects, self.clock.now())?;
        self.erased
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(subjects.iter().map(|subject| subject_tag(subject)));
        let mut cache = lock(&self.cache);
        for subject in subjects {
            cache.by_subject.pop(*subject);
            let tag = subject_tag(subject);
            let ids: Vec<_> = cache
                .by_id
                .iter()
                .map(|(id, _)| id)
                .filter(|id| id.starts_with(&tag))
                .cloned()
                .collect();
            for id in ids {
                cache.by_id.pop(&id);
            }
        }
        Ok(destroyed)
    }

    fn digest(&self, kind: &str, value: &[u8]) -> Digest {
        let epochs = self.epochs.read().unwrap_or_else(PoisonError::into_inner);
        match epochs.last_key_value() {
            Some((&epoch, key)) => Digest {
                epoch,
                hex: keyed_digest(key, kind, value),
            },
            // Without keys the log takes no writes; for reads, an epoch that no digest has matches nothing.
            None => Digest {
                epoch: 0,
                hex: "0".repeat(64),
            },
        }
    }

    fn digest_all(&self, kind: &str, value: &[u8]) -> Vec<Digest> {
        let epochs = self.epochs.read().unwrap_or_else(PoisonError::into_inner);
        epochs
            .iter()
            .rev()
            .map(|(&epoch, key)| Digest {
                epoch,
                hex: keyed_digest(key, kind, value),
            })
            .collect()
    }

    fn digest_at(&self, epoch: u32, kind: &str, value: &[u8]) -> Option<Digest> {
        let epochs = self.epochs.read().unwrap_or_else(PoisonError::into_inner);
        epochs.get(&epoch).map(|key| Digest {
            epoch,
            hex: keyed_digest(key, kind, value),
        })
    }

    fn check_values(&self) -> Vec<(u32, String)> {
        let epochs = self.epochs.read().unwrap_or_else(PoisonError::into_inner);
        epochs
            .iter()
            .map(|(&epoch, key)| (epoch, keyed_digest(key, CHECK_KIND, b"yujian")))
            .collect()
    }

    fn rotate_epoch(&self) -> Result<(u32, String), KeyError> {
        if !self.available {
            return Err(KeyError::NoKeys);
        }
        let mut store = lock(&self.store);
        let mut epochs = self.epochs.write().unwrap_or_else(PoisonError::into_inner);
        let epoch = epochs.last_key_value().map_or(1, |(&last, _)| last + 1);
        let key = secret(&self.entropy);
        store.add_epoch(epoch, &key, &self.kek, &self.entropy, self.clock.now())?;
        let check = keyed_digest(&key, CHECK_KIND, b"yujian");
        epochs.insert(epoch, key);
        Ok((epoch, check))
    }

    fn begin_bulk(&self) -> Result<(), KeyError> {
        if !self.available {
            return Err(KeyError::NoKeys);
        }
        lock(&self.store).begin_bulk()?;
        self.bulk.store(true, Ordering::Release);
        Ok(())
    }

    fn commit_bulk(&self) -> Result<(), KeyError> {
        let mut store = lock(&self.store);
        self.bulk.store(false, Ordering::Release);
        let committed = store.commit_bulk();
        if committed.is_err() {
            // Keys that were rolled back must not seal anything.
            let mut cache = lock(&self.cache);
            cache.by_id.clear();
            cache.by_subject.clear();
        }
        committed
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, KeyError> + Send + 'static,
) -> Result<T, KeyError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|_| Err(KeyError::Store("the key store's thread failed".to_owned())))
}
