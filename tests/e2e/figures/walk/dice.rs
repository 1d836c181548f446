//! Chance by a seed.

use uuid::Uuid;
use yujian_domain::values::{CreditCode, IdentityNumber};

/// `SplitMix64`: short, and the same everywhere.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From low to high, both included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low + 1)
    }

    pub fn signed(&mut self, low: i64, high: i64) -> i64 {
        let span = u64::try_from(high - low).unwrap();
        low + i64::try_from(self.between(0, span)).unwrap()
    }

    /// A small number, from low to high.
    pub fn count(&mut self, low: u32, high: u32) -> u32 {
        u32::try_from(self.between(low.into(), high.into())).unwrap()
    }

    pub fn percent(&mut self, chance: u64) -> bool {
        self.between(1, 100) <= chance
    }

    /// An index into as many; none into nothing.
    pub fn index(&mut self, length: usize) -> Option<usize> {
        let last = u64::try_from(length.checked_sub(1)?).unwrap();
        Some(usize::try_from(self.between(0, last)).unwrap())
    }

    /// One of some.
    pub fn one<T: Clone>(&mut self, some: &[T]) -> T {
        let index = self.index(some.len()).unwrap();
        some[index].clone()
    }

    /// Some of all, in their order.
    pub fn some<T: Clone>(&mut self, all: &[T], chance: u64) -> Vec<T> {
        all.iter().filter(|_| self.percent(chance)).cloned().collect()
    }

    pub fn uuid(&mut self) -> Uuid {
        let bytes = (u128::from(self.next()) << 64) | u128::from(self.next());
        uuid::Builder::from_random_bytes(bytes.to_be_bytes()).into_uuid()
    }

    /// A digest of a file that does not exist.
    pub fn sha256(&mut self) -> String {
        (0..4).map(|_| format!("{:016x}", self.next())).collect()
    }

    pub fn credit_code(&mut self) -> CreditCode {
        let mut code = format!("91330106{:09}", self.between(0, 999_999_999));
        code.push(char::from(CreditCode::check_character(code.as_bytes()).unwrap()));
        CreditCode::parse(&code).unwrap()
    }

    /// An identity number whose check character fits.
    pub fn identity(&mut self) -> String {
        let (year, month, day) = (self.between(1965, 1998), self.between(1, 12), self.between(1, 28));
        let body = format!("330106{year}{month:02}{day:02}{:03}", self.between(0, 999));
        let fits = |check: &char| IdentityNumber::parse(&format!("{body}{check}")).is_ok();
        let check = "0123456789X".chars().find(fits).unwrap();
        format!("{body}{check}")
    }
}
