//! Made-up people, institutions and numbers that pass their check characters.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::RngCore;
use uuid::Uuid;
use yujian_domain::institution::Registrar;
use yujian_domain::values::{CreditCode, IdentityNumber};

const SURNAMES: &str =
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任沈姚卢";
const GIVEN: &str = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰萍红玲梅琳雪婷慧莹欣怡宇轩浩然子涵梓萱一诺";
const BRANDS: &[&str] = &[
    "小苗",
    "向阳",
    "童心",
    "萌芽",
    "启慧",
    "贝乐",
    "春晖",
    "小太阳",
    "爱宝",
    "金色摇篮",
    "蒲公英",
    "七彩",
    "安吉",
    "乐童",
    "育苗",
    "朵朵",
    "佳贝",
    "星星",
    "小脚印",
    "阳光",
];
const DIGITS: &[u8] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// Seeded choice.
pub(crate) struct Dice(pub ChaCha20Rng);

impl Dice {
    /// A number below `bound`; 0 when `bound` is 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.0.next_u64() % bound }
    }

    /// A number between both ends; the lower one where they are the wrong way round.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// True in so many of a hundred cases.
    pub(crate) fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    /// One of a list that is not empty.
    pub(crate) fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[usize::try_from(self.below(list.len() as u64)).unwrap_or(0)]
    }

    fn letter(&mut self, letters: &str) -> char {
        let count = letters.chars().count() as u64;
        letters
            .chars()
            .nth(usize::try_from(self.below(count)).unwrap_or(0))
            .unwrap_or('王')
    }

    /// A request id.
    pub(crate) fn uuid(&mut self) -> Uuid {
        let mut bytes = [0; 16];
        self.0.fill_bytes(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    /// A person's name.
    pub(crate) fn name(&mut self) -> String {
        let mut name = String::from(self.letter(SURNAMES));
        name.push(self.letter(GIVEN));
        if self.percent(70) {
            name.push(self.letter(GIVEN));
        }
        name
    }

    /// A mobile number in a range that is not assigned to subscribers.
    pub(crate) fn phone(&mut self) -> String {
        format!("1000{:07}", self.below(10_000_000))
    }

    /// An identity number whose check character fits.
    pub(crate) fn identity(&mut self, county: &str) -> IdentityNumber {
        let (year, month, day) = (self.between(1965, 1998), self.between(1, 12), self.between(1, 28));
        let body = format!("{county}{year}{month:02}{day:02}{:03}", self.below(1000));
        "0123456789X"
            .chars()
            .find_map(|check| IdentityNumber::parse(&format!("{body}{check}")).ok())
            .expect("one of eleven check characters fits")
    }

    /// A digest of a file that does not exist.
    pub(crate) fn sha256(&mut self) -> String {
        let mut text = String::with_capacity(64);
        for _ in 0..4 {
            text.push_str(&format!("{:016x}", self.0.next_u64()));
        }
        text
    }

    /// A credit code whose check character fits.
    pub(crate) fn credit_code(&mut self, county: &str, registrar: Registrar) -> CreditCode {
        let kind = match registrar {
            Registrar::EstablishmentOffice => "12",
            Registrar::CivilAffairs => "52",
            Registrar::MarketSupervision => "91",
        };
        let mut body = format!("{kind}{county}");
        for _ in 0..9 {
            body.push(char::from(*self.pick(DIGITS)));
        }
        let check = CreditCode::check_character(body.as_bytes()).expect("the alphabet was kept");
        body.push(char::from(check));
        CreditCode::parse(&body).expect("the check character was computed")
    }

    /// A brand for an institution's name.
    pub(crate) fn brand(&mut self) -> &'static str {
        self.pick::<&str>(BRANDS)
    }
}
