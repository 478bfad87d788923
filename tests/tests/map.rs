//! `unis map`: every PID is drawn once, where it lies, in the colour of its cost.

use system_tests::data::{germany50, rfc7285};
use system_tests::unis::run;

fn draw(sources: &[String], from: &str) -> anyhow::Result<String> {
    let mut arguments = vec!["map", "--from", from];
    for source in sources {
        arguments.extend(["--source", source]);
    }
    let output = run(&arguments)?;
    anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

/// The attribute `name` of the circle of a PID, as a number.
fn of_circle(svg: &str, pid: &str, name: &str) -> Option<f64> {
    let line = svg.lines().find(|line| line.contains(&format!("<title>{pid}: ")))?;
    line.split(&format!("{name}=\"")).nth(1)?.split('"').next()?.parse().ok()
}

#[test]
fn germany_is_drawn_with_the_north_above_and_the_east_to_the_right() {
    let svg = draw(&germany50(), "Berlin").unwrap();
    // 50 cities; 11 neighbours and the default PID; 88 links and the 24 of the neighbours.
    assert_eq!(svg.matches("<circle ").count(), 50);
    assert_eq!(svg.matches("<title>").count(), 62);
    assert_eq!(svg.matches("<line ").count(), 88 + 24);
    let of = |pid: &str, name: &str| of_circle(&svg, pid, name).unwrap();
    assert!(of("Flensburg", "cy") < of("Muenchen", "cy"));
    assert!(of("Aachen", "cx") < of("Dresden", "cx"));
    assert!(svg.contains("<title>Berlin: 0 (internal, "));
    assert!(svg.contains("<title>Hamburg: 269.486 (internal, "));
    assert!(svg.contains("<title>default: no cost (default, 2 prefixes)"));
}

#[test]
fn maps_without_places_are_drawn_in_a_row_and_an_unknown_pid_is_refused() {
    let svg = draw(&rfc7285(), "192.0.2.1").unwrap();
    assert_eq!(svg.matches("<circle ").count(), 3);
    assert!(svg.contains("routingcost from PID1"));
    let refused = draw(&rfc7285(), "PID9").unwrap_err().to_string();
    assert!(refused.contains("PID9"), "{refused}");
}

/// A network of which no place is known: a triangle and one beside it, all apart from each other.
#[test]
fn a_network_without_places_stands_in_a_ring() {
    let folder = tempfile::tempdir().unwrap();
    let pops: String =
        ["A", "B", "C", "D"].map(|pop| format!("[[pop]]\nname = {pop:?}\n")).concat();
    let links: String = [("A", "B"), ("B", "C"), ("C", "A"), ("C", "D")]
        .map(|(from, to)| format!("[[link]]\nfrom = {from:?}\nto = {to:?}\n"))
        .concat();
    let file = folder.path().join("network.toml");
    std::fs::write(&file, pops + &links).unwrap();
    let svg = draw(&[format!("inventory={}", file.display())], "A").unwrap();
    assert_eq!(svg.matches("<line ").count(), 4);
    let point = |pid: &str| ["cx", "cy"].map(|name| of_circle(&svg, pid, name).unwrap());
    let points = ["A", "B", "C", "D"].map(point);
    let middle = [0, 1].map(|axis| points.iter().map(|point| point[axis]).sum::<f64>() / 4.0);
    for point in &points {
        let distance = (point[0] - middle[0]).hypot(point[1] - middle[1]);
        assert!((distance - 440.0).abs() < 1.0, "{points:?}");
    }
}
