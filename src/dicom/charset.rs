//! Text by Specific Character Set (0008,0005): single sets, and code extensions by escape sequences (PS3.5 6.1).

use encoding_rs::{
    BIG5, EUC_JP, EUC_KR, Encoding, GB18030, GBK, ISO_8859_2, ISO_8859_3, ISO_8859_4, ISO_8859_5, ISO_8859_6,
    ISO_8859_7, ISO_8859_8, ISO_8859_15, SHIFT_JIS, UTF_8, WINDOWS_874, WINDOWS_1252, WINDOWS_1254,
};

/// The character sets of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charset {
    /// What bytes mean before any escape sequence.
    first: &'static Encoding,
}

impl Default for Charset {
    /// ISO_IR 6 has no characters above 127; devices that write them all the same mean Latin-1.
    fn default() -> Self {
        Self { first: WINDOWS_1252 }
    }
}

/// What the bytes after an escape sequence mean.
#[derive(Clone, Copy)]
enum Mode {
    /// An encoding whose lower half is ASCII.
    Plain(&'static Encoding),
    /// Pairs of 7-bit codes of JIS X 0208.
    Jis0208,
    /// Pairs of 7-bit codes of JIS X 0212.
    Jis0212,
}

impl Charset {
    /// Reads the value of Specific Character Set. Terms that are not known count as the default.
    #[must_use]
    pub fn new(value: &str) -> Self {
        let first = value.split('\\').next().unwrap_or_default().trim();
        let first = match first.replace("2022 IR", "IR").replace("ISO IR", "ISO_IR").as_str() {
            "ISO_IR 13" => SHIFT_JIS,
            "ISO_IR 101" => ISO_8859_2,
            "ISO_IR 109" => ISO_8859_3,
            "ISO_IR 110" => ISO_8859_4,
            "ISO_IR 126" => ISO_8859_7,
            "ISO_IR 127" => ISO_8859_6,
            "ISO_IR 138" => ISO_8859_8,
            "ISO_IR 144" => ISO_8859_5,
            "ISO_IR 148" => WINDOWS_1254,
            "ISO_IR 149" => EUC_KR,
            "ISO_IR 166" => WINDOWS_874,
            "ISO_IR 192" => UTF_8,
            "ISO_IR 203" => ISO_8859_15,
            "GB18030" => GB18030,
            "GBK" | "GB2312" | "ISO_IR 58" => GBK,
            "BIG5" => BIG5,
            _ => WINDOWS_1252,
        };
        Self { first }
    }

    /// Returns the name of the first set, by which equal bytes can be known to mean the same.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.first.name()
    }

    /// Returns the text that bytes may mean: as the character set says, and as UTF-8 if they are that and nobody said
    /// so. Who looks for a name looks for both.
    #[must_use]
    pub fn decode(self, bytes: &[u8]) -> Vec<String> {
        let declared = self.decode_declared(bytes);
        match std::str::from_utf8(bytes) {
            Ok(text) if text != declared && !bytes.contains(&ESCAPE) => vec![declared, text.to_owned()],
            _ => vec![declared],
        }
    }

    fn decode_declared(self, bytes: &[u8]) -> String {
        let mut text = String::new();
        let (mut upper, mut mode) = (self.first, Mode::Plain(self.first));
        let mut parts = bytes.split(|&byte| byte == ESCAPE);
        push(&mut text, mode, parts.next().unwrap_or_default());
        for part in parts {
            let (next, length) = designated(part, upper);
            if let Mode::Plain(encoding) = next {
                upper = encoding;
            }
            mode = next;
            push(&mut text, mode, &part[length..]);
        }
        text
    }
}

const ESCAPE: u8 = 0x1B;

/// Returns what an escape sequence (without its ESC) switches to, and its length (PS3.3 C.12.1.1.2, tables C.12-3 and
/// C.12-4). Return to ASCII leaves the upper half as it is.
fn designated(part: &[u8], upper: &'static Encoding) -> (Mode, usize) {
    let encodings: [(&[u8], Mode); 18] = [
        (b"$B", Mode::Jis0208),
        (b"$@", Mode::Jis0208),
        (b"$(D", Mode::Jis0212),
        (b"$)C", Mode::Plain(EUC_KR)),
        (b"$)A", Mode::Plain(GBK)),
        (b")I", Mode::Plain(SHIFT_JIS)),
        (b"(J", Mode::Plain(upper)),
        (b"(B", Mode::Plain(upper)),
        (b"-A", Mode::Plain(WINDOWS_1252)),
        (b"-B", Mode::Plain(ISO_8859_2)),
        (b"-C", Mode::Plain(ISO_8859_3)),
        (b"-D", Mode::Plain(ISO_8859_4)),
        (b"-F", Mode::Plain(ISO_8859_7)),
        (b"-G", Mode::Plain(ISO_8859_6)),
        (b"-H", Mode::Plain(ISO_8859_8)),
        (b"-L", Mode::Plain(ISO_8859_5)),
        (b"-M", Mode::Plain(WINDOWS_1254)),
        (b"-T", Mode::Plain(WINDOWS_874)),
    ];
    let found = encodings.into_iter().find(|(sequence, _)| part.starts_with(sequence));
    found.map_or((Mode::Plain(upper), 0), |(sequence, mode)| (mode, sequence.len()))
}

fn push(text: &mut String, mode: Mode, bytes: &[u8]) {
    let decoded = match mode {
        Mode::Plain(encoding) => encoding.decode_without_bom_handling(bytes).0,
        Mode::Jis0208 => {
            let upper: Vec<u8> = bytes.iter().map(|byte| byte | 0x80).collect();
            text.push_str(&EUC_JP.decode_without_bom_handling(&upper).0);
            return;
        }
        Mode::Jis0212 => {
            let pair =
                |pair: &[u8]| std::iter::once(0x8F).chain(pair.iter().map(|byte| byte | 0x80)).collect::<Vec<_>>();
            let upper: Vec<u8> = bytes.chunks(2).flat_map(pair).collect();
            text.push_str(&EUC_JP.decode_without_bom_handling(&upper).0);
            return;
        }
    };
    text.push_str(&decoded);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(charset: &str, bytes: &[u8]) -> String {
        Charset::new(charset).decode(bytes).remove(0)
    }

    /// The byte sequences are those of PS3.5 annexes H, I, J and K.
    #[test]
    fn names_of_the_standards_examples_are_decoded() {
        let japanese = b"Yamada^Tarou=\x1B$B;3ED\x1B(B^\x1B$BB@O:\x1B(B=\x1B$B$d$^$@\x1B(B^\x1B$B$?$m$&\x1B(B";
        assert_eq!(decode("\\ISO 2022 IR 87", japanese), "Yamada^Tarou=山田^太郎=やまだ^たろう");
        let katakana = b"\xD4\xCF\xC0\xDE^\xC0\xDB\xB3=\x1B$B;3ED\x1B(J^\x1B$BB@O:\x1B(J";
        assert_eq!(decode("ISO 2022 IR 13\\ISO 2022 IR 87", katakana), "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎");
        let korean = b"Hong^Gildong=\x1B$)C\xFB\xF3^\x1B$)C\xD1\xCE\xD4\xD7=\x1B$)C\xC8\xAB^\x1B$)C\xB1\xE6\xB5\xBF";
        assert_eq!(decode("\\ISO 2022 IR 149", korean), "Hong^Gildong=洪^吉洞=홍^길동");
        let chinese = b"Zhang^XiaoDong=\x1B$)A\xD5\xC5^\x1B$)A\xD0\xA1\xB6\xAB=";
        assert_eq!(decode("\\ISO 2022 IR 58", chinese), "Zhang^XiaoDong=张^小东=");
        assert_eq!(decode("GB18030", b"Wang^XiaoDong=\xCD\xF5^\xD0\xA1\xB6\xAB"), "Wang^XiaoDong=王^小东");
        assert_eq!(decode("ISO_IR 192", "Wang^XiaoDong=王^小東".as_bytes()), "Wang^XiaoDong=王^小東");
    }

    #[test]
    fn single_byte_sets_and_switches_between_them_are_decoded() {
        assert_eq!(decode("ISO_IR 100", b"Buc^J\xE9r\xF4me"), "Buc^Jérôme");
        assert_eq!(decode("ISO_IR 144", b"\xBB\xEE\xDA\xE1"), "Люкс");
        assert_eq!(decode("ISO_IR 126", b"\xC4\xE9\xEF\xED\xF5\xF3\xE9\xEF\xF2"), "Διονυσιος");
        assert_eq!(decode("ISO_IR 148", b"\xDD\xFE\xFD\xF0"), "İşığ");
        assert_eq!(decode("ISO 2022 IR 100\\ISO 2022 IR 144", b"\xE9=\x1B-L\xBB\xEE"), "é=Лю");
        assert_eq!(decode("\\ISO 2022 IR 87\\ISO 2022 IR 159", b"\x1B$(D0!\x1B(BA"), "丂A");
    }

    #[test]
    fn what_is_utf_8_and_not_said_to_be_is_decoded_both_ways() {
        assert_eq!(Charset::new("ISO_IR 100").decode("Jérôme".as_bytes()), ["JÃ©rÃ´me", "Jérôme"]);
        assert_eq!(Charset::default().decode(b"DOE"), ["DOE"]);
        assert_eq!(Charset::default().decode(b"J\xE9r"), ["Jér"]);
    }

    #[test]
    fn broken_sequences_do_no_harm() {
        for bytes in [&b"\x1B"[..], b"\x1B$", b"\x1B$B\xFF", b"\x1B$(D0", b"\x1B\x1B(B", b"\xFF\xFE"] {
            for charset in ["", "ISO_IR 192", "\\ISO 2022 IR 87", "nonsense"] {
                let _ = decode(charset, bytes);
            }
        }
    }
}
