// Prints what the declarations make of structures: a line "name stream_size hex" in, a line of values and rules out.
use std::io::{self, BufRead, Write};
use vhdx::Value;

fn hex(raw: &[u8]) -> String {
    raw.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn shown(value: Option<Value>) -> String {
    match value {
        None => "-".to_string(),
        Some(Value::Flag(flag)) => u8::from(flag).to_string(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Bytes(raw)) => hex(raw),
    }
}

fn facts() {
    for one in vhdx::STRUCTURES {
        let fields = one.fields.iter().map(|field| format!(" {}:{}:{}", field.name, field.offset, field.size));
        println!("{} {}{}", one.name, one.size.unwrap_or(0), fields.collect::<String>());
    }
    // CONSTANTS
}

fn main() {
    if std::env::args().count() > 1 {
        return facts();
    }
    let mut out = io::BufWriter::new(io::stdout());
    for line in io::stdin().lock().lines() {
        let line = line.unwrap();
        let parts: Vec<&str> = line.split(' ').collect();
        let size: u64 = parts[1].parse().unwrap();
        let bytes: Vec<u8> =
            (0..parts[2].len() / 2).map(|at| u8::from_str_radix(&parts[2][2 * at..2 * at + 2], 16).unwrap()).collect();
        let one = vhdx::STRUCTURES.iter().find(|one| one.name == parts[0]).unwrap();
        for field in one.fields {
            write!(out, "{}={} ", field.name, shown((field.read)(&bytes))).unwrap();
        }
        for value in one.derived {
            write!(out, "{}={} ", value.name, shown((value.read)(&bytes, size))).unwrap();
        }
        for rule in one.rules {
            write!(out, "{}/{}={} ", rule.id, rule.name, shown((rule.holds)(&bytes, size).map(Value::Flag))).unwrap();
        }
        writeln!(out).unwrap();
    }
}
