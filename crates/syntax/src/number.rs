//! The values of numeric literals.

use crate::Arena;
use crate::ast::{BigInt, ConstantValue};

const DIGIT_BITS: u32 = 30;
const DIGIT_MASK: u64 = (1 << DIGIT_BITS) - 1;

/// The value of a literal the lexer accepted; the error is the text of a syntax error.
pub fn parse<'a>(arena: &'a Arena, literal: &str, max_digits: usize) -> Result<ConstantValue<'a>, String> {
    let clean: String;
    let text = if literal.contains('_') {
        clean = literal.chars().filter(|&c| c != '_').collect();
        &clean
    } else {
        literal
    };
    let bytes = text.as_bytes();
    match bytes {
        [b'0', b'x' | b'X', digits @ ..] => return Ok(power_of_two_radix(arena, digits, 4)),
        [b'0', b'o' | b'O', digits @ ..] => return Ok(power_of_two_radix(arena, digits, 3)),
        [b'0', b'b' | b'B', digits @ ..] => return Ok(power_of_two_radix(arena, digits, 1)),
        _ => {}
    }
    if let [number @ .., b'j' | b'J'] = bytes {
        let imag = float(std::str::from_utf8(number).unwrap_or_default());
        return Ok(ConstantValue::Complex { real: 0.0, imag });
    }
    if bytes.iter().all(u8::is_ascii_digit) {
        return decimal(arena, bytes, max_digits);
    }
    Ok(ConstantValue::Float(float(text)))
}

fn float(text: &str) -> f64 {
    text.parse().unwrap_or(f64::NAN)
}

fn finish(arena: &Arena, mut digits: Vec<u32>) -> ConstantValue<'_> {
    while digits.last() == Some(&0) {
        digits.pop();
    }
    let small = digits.iter().rev().try_fold(0i64, |value, &digit| {
        value.checked_mul(1 << DIGIT_BITS).and_then(|value| value.checked_add(i64::from(digit)))
    });
    match small {
        Some(value) => ConstantValue::Int(value),
        None => ConstantValue::BigInt(BigInt { digits: arena.slice(&digits), negative: false }),
    }
}

fn power_of_two_radix<'a>(arena: &'a Arena, text: &[u8], bits: u32) -> ConstantValue<'a> {
    let mut digits = Vec::with_capacity(text.len() * bits as usize / DIGIT_BITS as usize + 1);
    let (mut accumulator, mut filled) = (0u64, 0);
    for &c in text.iter().rev() {
        accumulator |= u64::from((c as char).to_digit(16).unwrap_or(0)) << filled;
        filled += bits;
        if filled >= DIGIT_BITS {
            digits.push((accumulator & DIGIT_MASK) as u32);
            accumulator >>= DIGIT_BITS;
            filled -= DIGIT_BITS;
        }
    }
    digits.push(accumulator as u32);
    finish(arena, digits)
}

fn decimal<'a>(arena: &'a Arena, text: &[u8], max_digits: usize) -> Result<ConstantValue<'a>, String> {
    let fold = |chunk: &[u8]| chunk.iter().fold(0u64, |value, c| value * 10 + u64::from(c - b'0'));
    if text.len() <= 18 {
        return Ok(ConstantValue::Int(fold(text) as i64));
    }
    if max_digits != 0 && text.len() > max_digits {
        return Err(format!(
            "Exceeds the limit ({max_digits} digits) for integer string conversion: value has {} digits; \
             use sys.set_int_max_str_digits() to increase the limit \
             - Consider hexadecimal for huge integer literals to avoid decimal conversion limits.",
            text.len()
        ));
    }
    let mut digits: Vec<u32> = Vec::with_capacity(text.len() / 9 + 1);
    let (head, tail) = text.split_at(text.len() % 9);
    let chunks = std::iter::once(head).filter(|head| !head.is_empty()).chain(tail.chunks(9));
    for chunk in chunks {
        let mut carry = fold(chunk);
        for digit in &mut digits {
            let value = u64::from(*digit) * 1_000_000_000 + carry;
            *digit = (value & DIGIT_MASK) as u32;
            carry = value >> DIGIT_BITS;
        }
        if carry != 0 {
            digits.push(carry as u32);
        }
    }
    Ok(finish(arena, digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int(text: &str) -> i128 {
        let arena = Arena::new();
        match parse(&arena, text, 4300) {
            Ok(ConstantValue::Int(value)) => value.into(),
            Ok(ConstantValue::BigInt(big)) => big.digits.iter().rev().fold(0, |v, &d| (v << 30) + i128::from(d)),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn integers() {
        for value in
            [0, 7, 1 << 30, 999_999_999_999_999_999, i64::MAX as i128, 1 << 63, 12345678901234567890123456789012345]
        {
            assert_eq!(int(&value.to_string()), value);
            assert_eq!(int(&format!("{value:#x}")), value);
            assert_eq!(int(&format!("{value:#o}")), value);
            assert_eq!(int(&format!("{value:#b}")), value);
        }
        assert_eq!(int("1_000"), 1000);
        assert_eq!(int("0xFF_ff"), 0xFFFF);
    }

    #[test]
    fn others() {
        let arena = Arena::new();
        for (text, expected) in [("1.", 1.0), (".5", 0.5), ("1e3", 1e3), ("1_0.2_5", 10.25), ("1e400", f64::INFINITY)] {
            assert!(matches!(parse(&arena, text, 0), Ok(ConstantValue::Float(value)) if value == expected), "{text}");
        }
        assert!(matches!(parse(&arena, "07j", 0), Ok(ConstantValue::Complex { imag, .. }) if imag == 7.0));
        assert!(parse(&arena, &"1".repeat(4301), 4300).is_err());
        assert!(parse(&arena, &"1".repeat(4301), 0).is_ok());
    }
}
