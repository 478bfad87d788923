//! Files cut off or damaged: refused or read, never a panic.

use proptest::prelude::*;
use proptest::sample::Index;
use topology::Options;

use crate::files::Files;

const GML: &str = "Creator \"x &amp; y\"\ngraph [ directed 1\n node [ id 0 label \"A&#246;\" \
    Latitude 1.5 Internal 1 ]\n node [ id 1 label \"B\" ] # end\n edge [ source 0 target 1 weight 2 \
    g [ x 1 ] ]\n]\n";

const SNDLIB: &str = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><network><meta><unit>\
    MBITPERSEC</unit></meta><networkStructure><nodes coordinatesType=\"geographical\"><node \
    id=\"A\"><coordinates><x>1</x><y>2</y></coordinates></node><node id=\"B\"/></nodes><links><link \
    id=\"L\"><source>A</source><target>B</target><preInstalledModule><capacity>9</capacity><cost>0\
    </cost></preInstalledModule><routingCost>3</routingCost></link></links></networkStructure>\
    </network>";

const RFC8345: &str = r#"{"ietf-network:networks": {"network": [{"network-id": "x",
    "network-types": {"ietf-l3-unicast-topology:l3-unicast-topology": {}}, "node": [{"node-id":
    "a", "supporting-node": [{"network-ref": "l2"}], "ietf-l3-unicast-topology:l3-node-attributes":
    {"name": "A", "prefix": [{"prefix": "192.0.2.0/24", "metric": 1}]}}, {"node-id": "b"}],
    "ietf-network-topology:link": [{"link-id": "l", "source": {"source-node": "a"}, "destination":
    {"dest-node": "b"}, "ietf-l3-unicast-topology:l3-link-attributes": {"metric1": "7"}}]},
    {"network-id": "y", "network-types": {"l3-unicast-topology": {}},
    "supporting-network": [{"network-ref": "x"}]}]}}"#;

const SAMPLES: [(&str, &str); 3] = [("gml", GML), ("sndlib", SNDLIB), ("rfc8345", RFC8345)];

/// Whether it loads, with a message that names the file where it does not.
fn survives(format: &str, bytes: &[u8]) -> bool {
    match Files::new().with(format, "f", bytes).load(&Options::default()) {
        Ok(_) => true,
        Err(message) => {
            assert!(message.starts_with("f:"), "{message}");
            false
        }
    }
}

#[test]
fn whole_samples_load_and_every_cut_is_survived() {
    for (format, sample) in SAMPLES {
        assert!(survives(format, sample.as_bytes()), "{format}");
        for end in 0..sample.trim_end().len() {
            assert!(!survives(format, &sample.as_bytes()[..end]), "{format} up to {end}");
        }
    }
}

#[test]
fn deep_nests_are_refused_without_deep_recursion() {
    let deep = 100_000;
    assert!(!survives("gml", "a [".repeat(deep).as_bytes()));
    assert!(!survives("sndlib", "<network>".repeat(deep).as_bytes()));
    assert!(!survives("rfc8345", "[".repeat(deep).as_bytes()));
    let nest = |open: &str, close: &str| open.repeat(deep) + "1" + &close.repeat(deep);
    let member = format!("{{\"networks\": {}}}", nest("[", "]"));
    assert!(!survives("rfc8345", member.as_bytes()));
    let member = format!("{{\"networks\": {}}}", nest("{\"network\":", "}"));
    assert!(!survives("rfc8345", member.as_bytes()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn damaged_samples_are_survived(
        sample in 0..SAMPLES.len(),
        damages in prop::collection::vec((any::<Index>(), any::<u8>(), 0..4_u8), 1..8),
    ) {
        let (format, text) = SAMPLES[sample];
        let mut bytes = text.as_bytes().to_vec();
        for (place, byte, what) in damages {
            let at = place.index(bytes.len());
            match what {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 => drop(bytes.remove(at)),
                _ => {
                    let part = bytes[at..bytes.len().min(at + usize::from(byte))].to_vec();
                    bytes.extend(part);
                }
            }
        }
        survives(format, &bytes);
    }
}
