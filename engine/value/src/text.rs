//! Texts between Rust and the language, whose characters are UTF-16 code units. Most of them are ASCII.

/// The code units of a text.
pub fn units_of(text: &str) -> Vec<u16> {
    if text.is_ascii() {
        text.bytes().map(u16::from).collect()
    } else {
        text.encode_utf16().collect()
    }
}

/// The text of code units; a surrogate without its partner becomes U+FFFD.
pub fn text_of(units: &[u16]) -> String {
    if units.iter().all(|unit| *unit < 0x80) {
        let bytes = units.iter().map(|unit| *unit as u8).collect();
        String::from_utf8(bytes).expect("ASCII is UTF-8")
    } else {
        String::from_utf16_lossy(units)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_go_there_and_back() {
        for text in ["", "main", "a\u{7f}", "\u{80}", "grün", "𝄞 clef"] {
            let units = units_of(text);
            assert!(units.iter().copied().eq(text.encode_utf16()), "{text}");
            assert_eq!(text_of(&units), text);
        }
        assert_eq!(text_of(&[0x61, 0xd834, 0x62]), "a\u{fffd}b");
    }
}
