//! scratch
fn main() {
    let mut options = topology::Options::default();
    let mut sources = Vec::new();
    for a in std::env::args().skip(1) {
        if let Some(w) = a.strip_prefix("weight=") {
            options.weight = Some(w.parse().unwrap());
            continue;
        }
        sources.push(a.parse::<topology::Source>().unwrap());
    }
    let t = std::time::Instant::now();
    match topology::load(&sources, &options, &()) {
        Ok(n) => {
            for x in n.notes() {
                println!("note: {x}");
            }
            for x in n.warnings().iter().take(30) {
                println!("{x}");
            }
            println!("{} warnings, {} pids", n.warnings().len(), n.pids().len());
        }
        Err(e) => println!("REFUSED {e}"),
    }
    println!("{:?}", t.elapsed());
    if let Ok(s) = std::fs::read_to_string("/proc/self/status") {
        for l in s.lines().filter(|l| l.starts_with("VmHWM")) {
            println!("{l}");
        }
    }
}
