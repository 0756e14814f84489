//! Writes lines of CSV into memory: field by field, without an allocation for any of them.

/// Lines in the making. Every method that writes a field also ends it.
#[derive(Debug)]
pub struct Lines {
    bytes: Vec<u8>,
    line_end: &'static str,
}

impl Lines {
    /// No lines yet.
    pub fn with_capacity(bytes: usize, line_end: &'static str) -> Self {
        Lines {
            // The last line goes beyond.
            bytes: Vec::with_capacity(bytes + bytes / 8),
            line_end,
        }
    }

    /// What was written since the last [`Lines::clear`].
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Forgets what was written.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// A whole line, as it is.
    pub fn header(&mut self, line: &str) {
        self.part(line);
        self.part(self.line_end);
    }

    /// Ends a line.
    pub fn end_line(&mut self) {
        // Every field ended with a comma; after the last one there is none.
        self.bytes.pop();
        self.part(self.line_end);
    }

    /// A field without commas and quotes.
    pub fn plain(&mut self, text: &str) {
        self.part(text);
        self.end_field();
    }

    /// Any text without quotes; quoted if it holds a comma.
    pub fn text(&mut self, text: &str) {
        if text.contains(',') {
            self.quoted(|lines| lines.part(text));
        } else {
            self.plain(text);
        }
    }

    /// A field in quotes, written part by part.
    pub fn quoted(&mut self, write: impl FnOnce(&mut Self)) {
        self.bytes.push(b'"');
        write(self);
        self.bytes.push(b'"');
        self.end_field();
    }

    /// An empty text in quotes, as some databases write NULL.
    pub fn missing(&mut self) {
        self.plain("\"\"");
    }

    /// Part of a field.
    pub fn part(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
    }

    /// Part of a field, in capitals.
    pub fn capitals(&mut self, text: &str) {
        self.bytes
            .extend(text.bytes().map(|byte| byte.to_ascii_uppercase()));
    }

    /// Part of a field, each letter of it large or small as the next of 64 bits says.
    pub fn random_case(&mut self, text: &str, bits: &mut u64) {
        for byte in text.bytes() {
            let turn = byte.is_ascii_alphabetic() & (*bits & 1 == 1);
            // The bit that tells large letters of ASCII from small ones.
            self.bytes.push(byte ^ (u8::from(turn) << 5));
            *bits = bits.rotate_right(1);
        }
    }

    /// Ends a field that was written in parts.
    pub fn end_field(&mut self) {
        self.bytes.push(b',');
    }

    /// A whole number.
    pub fn whole(&mut self, number: u64) {
        self.part(itoa::Buffer::new().format(number));
        self.end_field();
    }

    /// A number with as many digits as tell it from all others.
    pub fn double(&mut self, number: f64) {
        self.part(zmij::Buffer::new().format(number));
        self.end_field();
    }

    /// An amount with two decimals: `12.50`, `0.00`.
    pub fn cents(&mut self, cents: u64) {
        self.part(itoa::Buffer::new().format(cents / 100));
        self.part(".");
        self.digit(cents / 10);
        self.digit(cents);
        self.end_field();
    }

    /// An amount as Python and Java write a double: `12.5`, `0.0`.
    pub fn cents_as_double(&mut self, cents: u64) {
        self.part(itoa::Buffer::new().format(cents / 100));
        self.part(".");
        self.digit(cents / 10);
        if !cents.is_multiple_of(10) {
            self.digit(cents);
        }
        self.end_field();
    }

    /// Tenths, without a decimal where none is needed: `12.5`, `12`.
    pub fn tenths(&mut self, tenths: u64) {
        self.part(itoa::Buffer::new().format(tenths / 10));
        if !tenths.is_multiple_of(10) {
            self.part(".");
            self.digit(tenths);
        }
        self.end_field();
    }

    /// Part of a field: a number below 100 in two digits.
    pub fn two_digits(&mut self, number: u64) {
        self.digit(number / 10);
        self.digit(number);
    }

    fn digit(&mut self, number: u64) {
        self.bytes.push(b'0' + (number % 10) as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_fields_as_the_real_files_do() {
        let mut lines = Lines::with_capacity(64, "\n");
        lines.header("a,b");
        for cents in [0, 7, 50, 1_234, 1_000_000_000] {
            lines.cents(cents);
            lines.cents_as_double(cents);
        }
        lines.end_line();
        for tenths in [0, 130, 173] {
            lines.tenths(tenths);
        }
        lines.double(-2008.4921398591305);
        lines.text("Cook PLC");
        lines.text("Cook, Hart and");
        lines.missing();
        lines.end_line();
        assert_eq!(
            String::from_utf8_lossy(lines.bytes()),
            "a,b\n\
             0.00,0.0,0.07,0.07,0.50,0.5,12.34,12.34,10000000.00,10000000.0\n\
             0,13,17.3,-2008.4921398591305,Cook PLC,\"Cook, Hart and\",\"\"\n"
        );
    }

    #[test]
    fn case_is_turned_in_letters_only() {
        let mut lines = Lines::with_capacity(64, "\n");
        lines.random_case("Mr. Al-B", &mut u64::MAX.clone());
        assert_eq!(lines.bytes(), b"mR. aL-b");
    }
}
