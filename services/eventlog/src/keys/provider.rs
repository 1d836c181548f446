//! The two key providers: one over a file, one in memory; they differ only in where the store lies.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use async_trait::async_trait;
use lru::LruCache;
use serde_json::Value;
use uuid::Uuid;

use super::crypto::{Secret, keyed_digest, new_key_id, secret, subject_tag, unwrap, wrap};
use super::sealing::{self, DataKey};
use super::store::{Store, WrappedKey, epoch_binding, key_binding, path_in};
use super::watch::{News, Watch};
use super::{Digest, KEK_FILE, KeyError, KeyProvider, Opened, SealedValue, kek, lock as opening};
use crate::LogError;
use crate::clock::{Clock, SystemClock};
use crate::entropy::Entropy;

/// Unwrapped keys kept at most, by id and by subject.
const CACHED_KEYS: NonZeroUsize = NonZeroUsize::new(20_000).expect("not zero");
/// Kind of the check values; callers' kinds do not begin with a dollar sign.
const CHECK_KIND: &str = "$check";
/// Kind of the store's id.
const STORE_KIND: &str = "$store";
/// Epoch of the HMAC key that every store is made with.
const FIRST_EPOCH: u32 = 1;

/// Data keys in `keys.db` of the data directory, wrapped by a key-encryption key in a file. Several processes of one
/// machine may have the same directory open: what one erases, makes or rotates holds for all at once.
pub struct FileKeys {
    core: Arc<Core>,
}

/// Data keys that die with the process: tests.
pub struct MemoryKeys {
    core: Arc<Core>,
}

/// Locks are taken in this order: `store`, `watch`, `cache`, `erased`, `epochs`.
struct Core {
    /// None for a store that no other process can write. Closed before the store, which empties its WAL when it is the
    /// last one.
    watch: Mutex<Option<Watch>>,
    store: Mutex<Store>,
    kek: Secret,
    entropy: Arc<Entropy>,
    clock: Arc<dyn Clock>,
    epochs: RwLock<BTreeMap<u32, Secret>>,
    /// Filled and emptied under the lock of `watch`, so that an erased key can't slip back in.
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
        let present = || {
            path.try_exists()
                .map_err(|error| KeyError::Store(format!("{}: {error}", path.display())))
        };
        if !create && !present()? {
            let mut store = Store::open_memory()?;
            let kek = secret(&entropy);
            store.create(&kek, &entropy, false, clock.now())?;
            return Ok(Arc::new(Self {
                core: Core::new(None, store, kek, entropy, clock, false)?,
            }));
        }
        // A configured key file that is missing (a secret that was not mounted) is never replaced by a new one.
        let configured = kek_path.map(kek::read).transpose()?;
        let _opening = opening::acquire(directory, opening::PATIENCE)?;
        let make = create && !present()?;
        let default_kek = directory.join(KEK_FILE);
        let kek = match configured {
            Some(kek) => kek,
            None => match kek::read(&default_kek) {
                Err(KeyError::KekMissing { .. }) if make => kek::create(&default_kek, &entropy)?,
                other => other?,
            },
        };
        if make {
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
                kek: kek_path.unwrap_or(&default_kek).to_owned(),
                keys: path,
            });
        }
        store.empty_wal()?;
        let watch = Watch::open(&path)?;
        Ok(Arc::new(Self {
            core: Core::new(Some(watch), store, kek, entropy, clock, true)?,
        }))
    }

    /// What tells this store of keys from every other one: 32 hex digits. A copy has the same id. `None` without keys.
    ///
    /// It is the digest of a constant under the store's first HMAC key, as random as that: stores that are older than the
    /// id have one too, and a store made from a seed has the same at every build.
    #[must_use]
    pub fn store_id(&self) -> Option<String> {
        self.core.store_id()
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
                Core::new(None, store, kek, entropy, clock, true)
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
        watch: Option<Watch>,
        store: Store,
        kek: Secret,
        entropy: Arc<Entropy>,
        clock: Arc<dyn Clock>,
        available: bool,
    ) -> Result<Arc<Self>, KeyError> {
        let epochs = store.epochs(&kek)?;
        let core = Arc::new(Self {
            watch: Mutex::new(watch),
            store: Mutex::new(store),
            kek,
            entropy,
            clock,
            epochs: RwLock::new(epochs),
            cache: Mutex::new(Cache {
                by_id: LruCache::new(CACHED_KEYS),
                by_subject: LruCache::new(CACHED_KEYS),
            }),
            erased: RwLock::new(HashSet::new()),
            available,
            bulk: AtomicBool::new(false),
        });
        drop(core.catch_up()?);
        Ok(core)
    }

    /// Learns what other processes have committed: before anything that is held in memory is used. Whoever keeps the
    /// answered guard keeps what is known from changing.
    fn catch_up(&self) -> Result<MutexGuard<'_, Option<Watch>>, KeyError> {
        let mut watch = lock(&self.watch);
        // During a bulk nobody else can commit.
        if let Some(open) = watch.as_mut()
            && !self.bulk.load(Ordering::Acquire)
        {
            self.learn(open.look()?);
        }
        Ok(watch)
    }

    fn learn(&self, news: News) {
        if !news.erased.is_empty() {
            self.forget(news.erased.iter().map(String::as_str));
        }
        if !news.epochs.is_empty() {
            let keys = news.epochs.into_iter().filter_map(|(epoch, wrapped)| {
                let key = unwrap(&self.kek, &epoch_binding(epoch), &wrapped)?;
                Some((epoch, key))
            });
            self.epochs.write().unwrap_or_else(PoisonError::into_inner).extend(keys);
        }
    }

    /// Knows subjects as erased and drops their keys. Under the lock of `watch`.
    fn forget<'a>(&self, subjects: impl Iterator<Item = &'a str>) {
        let mut cache = lock(&self.cache);
        let mut erased = self.erased.write().unwrap_or_else(PoisonError::into_inner);
        let mut new = HashSet::new();
        for subject in subjects {
            let tag = subject_tag(subject);
            if erased.insert(tag.clone()) {
                cache.by_subject.pop(subject);
                new.insert(tag);
            }
        }
        if new.is_empty() {
            return;
        }
        let ids: Vec<_> = cache
            .by_id
            .iter()
            .filter(|(id, _)| new.contains(tag_of(id)))
            .map(|(id, _)| id.clone())
            .collect();
        for id in ids {
            cache.by_id.pop(&id);
        }
    }

    async fn seal(self: &Arc<Self>, event: Uuid, payload: &mut Value) -> Result<Vec<String>, LogError> {
        let subjects = sealing::subjects(payload)?;
        if subjects.is_empty() {
            return Ok(Vec::new());
        }
        drop(self.catch_up()?);
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
        if subjects.iter().any(|subject| self.is_erased(&subject_tag(subject))) {
            return Err(KeyError::SubjectErased);
        }
        let found = lock(&self.store).find_or_add(subjects, self.clock.now(), |subject| {
            let id = new_key_id(&self.entropy, subject);
            let wrapped = wrap(
                &self.kek,
                &self.entropy,
                &key_binding(&id, subject),
                &secret(&self.entropy),
            );
            WrappedKey {
                id,
                subject: subject.to_owned(),
                wrapped,
            }
        })?;
        let mut keys = BTreeMap::new();
        for wrapped in found {
            let secret = self
                .unwrap_key(&wrapped)
                .ok_or_else(|| KeyError::Store(format!("data key {} does not unwrap", wrapped.id)))?;
            keys.insert(wrapped.subject, DataKey { id: wrapped.id, secret });
        }
        let _steady = self.catch_up()?;
        if subjects.iter().any(|subject| self.is_erased(&subject_tag(subject))) {
            return Err(KeyError::SubjectErased);
        }
        let mut cache = lock(&self.cache);
        for (subject, key) in &keys {
            cache.by_id.put(key.id.clone(), key.secret.clone());
            cache.by_subject.put(subject.clone(), key.clone());
        }
        Ok(keys)
    }

    fn open(&self, sealed: &SealedValue) -> Opened {
        match self.key(&sealed.key) {
            Ok(secret) => sealing::open(sealed, &secret),
            Err(closed) => closed,
        }
    }

    /// The key with an id, or what a value that it sealed opens as without it.
    fn key(&self, id: &str) -> Result<Secret, Opened> {
        let unreadable = |error: KeyError| {
            tracing::error!(%error, "a data key could not be read");
            Opened::KeyMissing
        };
        drop(self.catch_up().map_err(unreadable)?);
        if let Some(secret) = lock(&self.cache).by_id.get(id) {
            return Ok(secret.clone());
        }
        let wrapped = lock(&self.store).key_by_id(id).map_err(unreadable)?;
        let _steady = self.catch_up().map_err(unreadable)?;
        // Also for a key that was read just before it was destroyed.
        if self.is_erased(tag_of(id)) {
            return Err(Opened::Erased);
        }
        let secret = self
            .unwrap_key(&wrapped.ok_or(Opened::KeyMissing)?)
            .ok_or(Opened::Damaged)?;
        lock(&self.cache).by_id.put(id.to_owned(), secret.clone());
        Ok(secret)
    }

    fn unwrap_key(&self, wrapped: &WrappedKey) -> Option<Secret> {
        unwrap(&self.kek, &key_binding(&wrapped.id, &wrapped.subject), &wrapped.wrapped)
    }

    fn is_erased(&self, tag: &str) -> bool {
        self.erased.read().unwrap_or_else(PoisonError::into_inner).contains(tag)
    }

    async fn knows(self: &Arc<Self>, subject: &str) -> Result<bool, LogError> {
        drop(self.catch_up()?);
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
        // An erasure ends the bulk and begins another one: others may commit between the two.
        let bulk = self.bulk.swap(false, Ordering::AcqRel);
        let destroyed = store.erase(subjects, self.clock.now());
        if bulk && destroyed.is_err() {
            self.empty_cache();
        }
        let caught_up = self.catch_up();
        self.bulk.store(store.in_bulk(), Ordering::Release);
        let (destroyed, _steady) = (destroyed?, caught_up?);
        self.forget(subjects.iter().copied());
        Ok(destroyed)
    }

    /// The HMAC keys by epoch, those included that other processes have made.
    fn epochs(&self) -> RwLockReadGuard<'_, BTreeMap<u32, Secret>> {
        if let Err(error) = self.catch_up() {
            // Digests can't fail. Whoever goes on to seal is refused.
            tracing::error!(%error, "whether there are new HMAC epochs could not be read");
        }
        self.epochs.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn store_id(&self) -> Option<String> {
        let mut id = self.digest_at(FIRST_EPOCH, STORE_KIND, b"yujian")?.hex;
        id.truncate(32);
        Some(id)
    }

    fn digest(&self, kind: &str, value: &[u8]) -> Digest {
        let epochs = self.epochs();
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
        let epochs = self.epochs();
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
        let epochs = self.epochs();
        epochs.get(&epoch).map(|key| Digest {
            epoch,
            hex: keyed_digest(key, kind, value),
        })
    }

    fn check_values(&self) -> Vec<(u32, String)> {
        let epochs = self.epochs();
        epochs
            .iter()
            .map(|(&epoch, key)| (epoch, keyed_digest(key, CHECK_KIND, b"yujian")))
            .collect()
    }

    fn rotate_epoch(&self) -> Result<(u32, String), KeyError> {
        if !self.available {
            return Err(KeyError::NoKeys);
        }
        let key = secret(&self.entropy);
        let epoch = lock(&self.store).add_epoch(&key, &self.kek, &self.entropy, self.clock.now())?;
        let check = keyed_digest(&key, CHECK_KIND, b"yujian");
        self.epochs
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(epoch, key);
        Ok((epoch, check))
    }

    fn begin_bulk(&self) -> Result<(), KeyError> {
        if !self.available {
            return Err(KeyError::NoKeys);
        }
        let mut store = lock(&self.store);
        store.begin_bulk()?;
        // What others committed until then; from now on nobody can.
        let caught_up = self.catch_up();
        self.bulk.store(true, Ordering::Release);
        caught_up.map(drop)
    }

    fn commit_bulk(&self) -> Result<(), KeyError> {
        let mut store = lock(&self.store);
        self.bulk.store(false, Ordering::Release);
        let committed = store.commit_bulk();
        if committed.is_err() {
            self.empty_cache();
        }
        committed
    }

    /// Keys of a bulk that was rolled back must not seal anything.
    fn empty_cache(&self) {
        let mut cache = lock(&self.cache);
        cache.by_id.clear();
        cache.by_subject.clear();
    }
}

/// The subject's tag, with which a key id begins.
fn tag_of(key_id: &str) -> &str {
    key_id.split_once('.').map_or("", |(tag, _)| tag)
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
