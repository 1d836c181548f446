//! Keys of pages: opaque outside, checked when they come back.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::ViewError;

/// Most rows that one page holds.
pub(crate) const MAX_LIMIT: u32 = 500;

/// The key of a row: which list, then the values by which the list is ordered.
pub(crate) fn encode(list: &str, parts: &[&str]) -> String {
    let mut all = vec![list];
    all.extend_from_slice(parts);
    let json = serde_json::to_vec(&all).expect("a list of texts is plain JSON");
    URL_SAFE_NO_PAD.encode(json)
}

/// Reads a key of `list` with `N` values.
///
/// # Errors
/// [`ViewError::InvalidKey`] when it is not one that [`encode`] made for this list.
pub(crate) fn decode<const N: usize>(list: &str, key: &str) -> Result<[String; N], ViewError> {
    if key.len() > 4096 {
        return Err(ViewError::InvalidKey);
    }
    let bytes = URL_SAFE_NO_PAD.decode(key).map_err(|_| ViewError::InvalidKey)?;
    let mut parts: Vec<String> = serde_json::from_slice(&bytes).map_err(|_| ViewError::InvalidKey)?;
    if parts.len() != N + 1 || parts[0] != list {
        return Err(ViewError::InvalidKey);
    }
    parts.remove(0);
    parts.try_into().map_err(|_| ViewError::InvalidKey)
}

/// The limit that holds: at least one row, at most [`MAX_LIMIT`].
pub(crate) fn limit(asked: u32) -> usize {
    usize::try_from(asked.clamp(1, MAX_LIMIT)).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_and_a_foreign_one_is_refused() {
        let key = encode("institutions", &["云朵“托育”", "id"]);
        assert_eq!(
            decode::<2>("institutions", &key).unwrap(),
            ["云朵“托育”".to_owned(), "id".to_owned()]
        );
        for (list, wrong) in [
            ("incidents", key.as_str()),
            ("institutions", "%%%"),
            ("institutions", "e30"),
        ] {
            assert_eq!(decode::<2>(list, wrong), Err(ViewError::InvalidKey));
        }
        assert_eq!(decode::<3>("institutions", &key), Err(ViewError::InvalidKey));
    }

    #[test]
    fn a_limit_is_kept_within_bounds() {
        assert_eq!([limit(0), limit(7), limit(10_000)], [1, 7, 500]);
    }
}
