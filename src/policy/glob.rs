//! Patterns of names, as `what:` has them. Nothing but `*`: a pattern is read at a glance, and matched without backtracking.

/// A name in which `*` stands for any text, also an empty one and one with `/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob {
    text: String,
    /// Where the first `*` is.
    star: Option<usize>,
}

impl Glob {
    /// A pattern of the characters of names and `*`.
    pub fn new(text: &str) -> Option<Glob> {
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-/*".contains(&b);
        (!text.is_empty() && text.len() <= 80 && text.bytes().all(fits))
            .then(|| Glob { text: text.to_owned(), star: text.find('*') })
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it stands for one name only.
    pub fn is_exact(&self) -> bool {
        self.star.is_none()
    }

    /// Whether the name is one that the pattern stands for. At most pattern times name steps.
    pub fn matches(&self, name: &str) -> bool {
        // Nearly all are a name, or the beginning of one.
        match self.star {
            None => return self.text == name,
            Some(star) if star + 1 == self.text.len() => {
                return self.text.get(..star).is_some_and(|start| name.starts_with(start));
            }
            Some(_) => {}
        }
        let mut parts = self.text.split('*');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = name.strip_prefix(first) else { return false };
        let mut parts = parts.peekable();
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                return rest.ends_with(part);
            }
            match rest.split_once(part) {
                Some((_, after)) => rest = after,
                None => return false,
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, name, fits) in [
            ("prod/orders", "prod/orders", true),
            ("prod/orders", "prod/orders2", false),
            ("*", "prod/orders", true),
            ("prod/*", "prod/orders", true),
            ("prod/*", "prod/eu/orders", true),
            ("prod/*", "prod/", true),
            ("prod/*", "preprod/orders", false),
            ("*/orders", "prod/orders", true),
            ("*/orders", "prod/orders2", false),
            ("a*b*c", "abc", true),
            ("a*b*c", "axbxc", true),
            ("a*b*c", "axcxb", false),
            ("a*a", "a", false),
            ("ab*ba", "aba", false),
            ("*a*", "bcb", false),
            ("**", "x", true),
        ] {
            assert_eq!(Glob::new(pattern).unwrap().matches(name), fits, "{pattern} on {name}");
        }
    }

    #[test]
    fn what_no_name_can_hold_is_no_pattern() {
        for text in ["", "Prod/*", "a b", "[ab]", "a?"] {
            assert_eq!(Glob::new(text), None, "{text:?}");
        }
    }
}
