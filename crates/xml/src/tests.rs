//! Whole documents, in pieces of every size, must give the same events and errors.

use crate::{Code, Event, Parser, wants};

/// The events of a document fed in pieces, as text, with neighbouring character data joined.
fn events(document: &[u8], piece: usize, separator: Option<Option<u8>>) -> Result<String, Code> {
    let mut p = Parser::new(None, separator);
    p.wants = wants::START | wants::END | wants::CHARACTERS | wants::PI | wants::COMMENT | wants::START_NS;
    p.defer = false;
    let mut out = String::new();
    let mut text = String::new();
    let mut chunks: Vec<&[u8]> = document.chunks(piece).collect();
    chunks.push(b"");
    for (i, chunk) in chunks.iter().enumerate() {
        p.feed(chunk, i + 1 == chunks.len())?;
        while let Some(e) = p.next_event()? {
            if let Event::Characters(t) = &e {
                text.push_str(t.str());
                continue;
            }
            if !text.is_empty() {
                out.push_str(&format!("{text:?} "));
                text.clear();
            }
            out.push_str(&match e {
                Event::Start { name } => {
                    let atts = p.attributes().iter().map(|a| format!(" {}={}", p.name(a.name), a.value.str()));
                    format!("<{}{}> ", p.name(name), atts.collect::<String>())
                }
                Event::End { name } => format!("</{}> ", p.name(name)),
                Event::Pi { target, data } => format!("?{} {}? ", target.str(), data.str()),
                Event::Comment(t) => format!("!{}! ", t.str()),
                Event::StartNs { prefix, uri } => format!("{prefix:?}={uri:?} "),
                _ => String::new(),
            });
        }
    }
    Ok(out)
}

fn all_sizes(document: &[u8], separator: Option<Option<u8>>) -> Result<String, Code> {
    let whole = events(document, document.len().max(1), separator);
    for piece in 1..document.len().min(40) {
        assert_eq!(events(document, piece, separator), whole, "in pieces of {piece}");
    }
    whole
}

#[test]
fn elements_and_entities() {
    let document = "<!DOCTYPE a [<!ENTITY e '<b>\u{e9}&#65;</b>'><!ATTLIST a y NMTOKENS ' p  q '>]>\r\n\
                    <a x='1&lt;\t2'>&e;\r\n]] <![CDATA[<&]]]><?pi data ?><!-- c --></a>";
    let shown = all_sizes(document.as_bytes(), None).unwrap();
    assert_eq!(shown, "<a x=1< 2 y=p q> <b> \"\u{e9}A\" </b> \"\\n]] <&]\" ?pi data ? ! c ! </a> ");
}

#[test]
fn wide_input() {
    let wide: Vec<u8> = "\u{feff}<a>\u{10400}\u{e9}</a>".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(all_sizes(&wide, None).unwrap(), "<a> \"\u{10400}\u{e9}\" </a> ");
}

#[test]
fn namespaces() {
    let shown = all_sizes(b"<a xmlns='u' xmlns:p='v'><p:b p:c='1' d='2'/></a>", Some(Some(b' '))).unwrap();
    assert_eq!(shown, "None=Some(\"u\") Some(\"p\")=Some(\"v\") <u a> <v b v c=1 d=2> </v b> </u a> ");
    assert_eq!(all_sizes(b"<p:a/>", Some(Some(b' '))), Err(Code::UnboundPrefix));
}

#[test]
fn errors() {
    let cases: &[(&[u8], Code)] = &[
        (b"", Code::NoElements),
        (b"<a>", Code::NoElements),
        (b"<a", Code::UnclosedToken),
        (b"<a></b>", Code::TagMismatch),
        (b"<a b='1' b='2'/>", Code::DuplicateAttribute),
        (b"<a>&b;</a>", Code::UndefinedEntity),
        (b"<a/>x", Code::JunkAfterDocElement),
        (b"<a>]]></a>", Code::InvalidToken),
        (b"<a>\xff</a>", Code::InvalidToken),
        (b"<a>\xe2\x82", Code::PartialChar),
        (b"<a>&#xD800;</a>", Code::BadCharRef),
        (b"<!DOCTYPE a [<!ENTITY b '&b;'>]><a>&b;</a>", Code::RecursiveEntityRef),
        (b"<!DOCTYPE a [<!ENTITY b '<x>'>]><a>&b;</a>", Code::AsyncEntity),
        (b"<!DOCTYPE a [<!ELEMENT a (b,c|d)>]><a/>", Code::Syntax),
        (b"<a><![CDATA[x", Code::UnclosedCdataSection),
    ];
    for (document, code) in cases {
        assert_eq!(all_sizes(document, None), Err(*code), "{}", String::from_utf8_lossy(document));
    }
}

#[test]
fn blown_up() {
    let mut document = String::from("<!DOCTYPE a [<!ENTITY e0 'xxxxxxxxxx'>");
    for i in 1..10 {
        document.push_str(&format!("<!ENTITY e{i} '{}'>", format!("&e{};", i - 1).repeat(10)));
    }
    document.push_str("]><a>&e9;</a>");
    let mut p = Parser::new(None, None);
    p.set_amplification_threshold(1 << 16);
    p.feed(document.as_bytes(), true).unwrap();
    let end = loop {
        match p.next_event() {
            Ok(Some(_)) => {}
            end => break end.map(drop),
        }
    };
    assert_eq!(end, Err(Code::AmplificationLimitBreach));
}
