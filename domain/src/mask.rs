//! Masks for personal values (个人信息去标识展示): what api and page show instead of a value that they have opened. A mask keeps
//! just enough to recognise a value that one knows already, and tells a stranger nothing that names a person.
//!
//! Which mask fits is told by the name of the member that holds the value; whatever is not known is free text, of which
//! only the length is shown.

/// What a personal value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaskKind {
    /// Name of a person.
    Name,
    /// Phone number.
    Phone,
    /// Citizen identity number.
    Identity,
    /// Free text about a person.
    Text,
}

impl MaskKind {
    /// The kind that a member name or JSON pointer stands for, e.g. `phone` or `/representative/phone`.
    #[must_use]
    pub fn of_path(path: &str) -> Self {
        match path.rsplit(['/', '.']).next().unwrap_or(path) {
            "name" | "reporter" => Self::Name,
            "phone" => Self::Phone,
            "identity" | "identity_number" => Self::Identity,
            _ => Self::Text,
        }
    }
}

/// Masks a value.
#[must_use]
pub fn mask(kind: MaskKind, value: &str) -> String {
    match kind {
        MaskKind::Name => name(value),
        MaskKind::Phone => phone(value),
        MaskKind::Identity => identity(value),
        MaskKind::Text => text(value),
    }
}

/// A name: its first character, then one star for each further one, at least one: `张三` is `张*`.
#[must_use]
pub fn name(value: &str) -> String {
    let mut characters = value.trim().chars();
    let Some(first) = characters.next() else {
        return "*".to_owned();
    };
    format!("{first}{}", "*".repeat(characters.count().clamp(1, 8)))
}

/// A phone: the first three and last four of 11 or more characters, `138****5678`; of a shorter one the last two.
#[must_use]
pub fn phone(value: &str) -> String {
    let characters: Vec<char> = value.trim().chars().collect();
    if characters.len() >= 11 {
        keep(&characters, 3, 4)
    } else {
        keep(&characters, 0, 2)
    }
}

/// An identity number: city and last four characters, `3301**********123X`, so that the date of birth is hidden. A number
/// of another length shows its last two.
#[must_use]
pub fn identity(value: &str) -> String {
    let characters: Vec<char> = value.trim().chars().collect();
    if characters.len() == 18 {
        keep(&characters, 4, 4)
    } else {
        keep(&characters, 0, 2)
    }
}

/// Free text: only how long it is, `＊＊＊（12字）`.
#[must_use]
pub fn text(value: &str) -> String {
    format!("＊＊＊（{}字）", value.trim().chars().count())
}

/// Keeps `head` and `tail` characters where at least as many are hidden as shown, else hides all.
fn keep(characters: &[char], head: usize, tail: usize) -> String {
    let length = characters.len();
    let (head, tail) = if length < 4 || (length - head - tail) * 2 < head + tail {
        (0, 0)
    } else {
        (head, tail)
    };
    characters
        .iter()
        .enumerate()
        .map(|(index, character)| {
            if index < head || index + tail >= length {
                *character
            } else {
                '*'
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_show_one_character() {
        assert_eq!(name("张三"), "张*");
        assert_eq!(name("欧阳小明"), "欧***");
        assert_eq!(name("李"), "李*");
        assert_eq!(name("  "), "*");
    }

    #[test]
    fn phones_show_three_and_four() {
        assert_eq!(phone("13812345678"), "138****5678");
        assert_eq!(phone("87654321"), "******21");
        assert_eq!(phone("110"), "***");
        assert_eq!(phone(""), "");
    }

    #[test]
    fn identity_numbers_hide_the_date_of_birth() {
        assert_eq!(identity("33010619900307123X"), "3301**********123X");
        assert_eq!(identity("12345678"), "******78");
        assert_eq!(identity("12"), "**");
    }

    #[test]
    fn text_shows_its_length_only() {
        assert_eq!(text("摔倒后就医"), "＊＊＊（5字）");
    }

    #[test]
    fn the_member_name_tells_the_kind() {
        assert_eq!(MaskKind::of_path("/representative/phone"), MaskKind::Phone);
        assert_eq!(MaskKind::of_path("/children/0/name"), MaskKind::Name);
        assert_eq!(MaskKind::of_path("identity"), MaskKind::Identity);
        assert_eq!(MaskKind::of_path("/narrative"), MaskKind::Text);
        assert_eq!(MaskKind::of_path("anything.else"), MaskKind::Text);
    }

    #[test]
    fn no_mask_panics_or_shows_more_than_it_hides() {
        for length in 0..40 {
            let value: String = (0..length)
                .map(|index| char::from(b'a' + u8::try_from(index % 26).unwrap()))
                .collect();
            for kind in [MaskKind::Phone, MaskKind::Identity] {
                let masked = mask(kind, &value);
                let hidden = masked.chars().filter(|character| *character == '*').count();
                assert!(
                    length == 0 || hidden * 2 >= length - hidden,
                    "{kind:?} {length}: {masked}"
                );
            }
        }
    }
}
