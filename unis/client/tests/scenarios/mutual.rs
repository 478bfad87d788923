//! Both ends proved by certificates (RFC 7285 §8.3.5), over HTTP/2.

use std::path::Path;
use std::sync::Arc;

use alto::media;
use alto_client::{CallError, Client};
use link::metrics::Metrics;
use link::pki::{Authority, PkiSettings};
use link::server::Security;
use link::tls::{
    ClientCertificates, ClientTls, ClientTlsSettings, ServerTls, ServerTlsSettings, ServerTrust,
};
use link::trust::{MAX_INTERMEDIATES, TrustDomain, TrustSettings};

use crate::origin::{Origin, Page};

const DOMAIN: &str = "isp.example";

fn authority(path: &Path) -> Authority {
    let settings = PkiSettings {
        trust_domain: DOMAIN.to_owned(),
        server_path: "isp/64500/unis/1".to_owned(),
        server_names: Vec::new(),
        peer_life: link::pki::PEER_LIFE,
    };
    Authority::init(path, &settings).unwrap()
}

fn server(authority: &Authority) -> Security {
    let folder = authority.folder();
    let (bundle, crl) = (folder.ca(), Some(folder.crl()));
    let settings = ServerTlsSettings {
        certificate: folder.server(),
        key: folder.server_key(),
        trust: TrustSettings {
            own: TrustDomain { name: DOMAIN.to_owned(), bundle, crl },
            partners: Vec::new(),
            max_intermediates: MAX_INTERMEDIATES,
        },
        client_certificates: ClientCertificates::Required,
    };
    Security::Tls(ServerTls::load(settings, Metrics::new()).unwrap())
}

/// A client with `own`'s certificate, which believes servers of `trusted`.
fn client(own: &Authority, trusted: &Authority) -> link::client::Client {
    let trusted = trusted.folder();
    let trust = ServerTrust { trust_domain: None, bundle: trusted.ca(), crl: None };
    let settings = ClientTlsSettings {
        own: Some((own.folder().client(), own.folder().client_key())),
        servers: vec![trust],
        expected: None,
    };
    let tls: Arc<ClientTls> = ClientTls::load(settings, Metrics::new()).unwrap();
    link::client::Client::builder().tls(tls).build()
}

#[tokio::test]
async fn a9_only_ends_that_prove_themselves_talk() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (here, there) = (authority(here.path()), authority(there.path()));
    let origin = Origin::start_with("127.0.0.1:0".parse().unwrap(), server(&here));
    let url = format!("https://localhost:{}/directory", origin.address.port());
    let plain = "http://localhost/x";
    let text = format!(
        r#"{{"resources": {{
          "net": {{"uri": "net", "media-type": "{map}"}},
          "forged": {{"uri": "{plain}", "media-type": "{map}"}}}}}}"#,
        map = media::NETWORK_MAP
    );
    origin.set("/directory", Page::new(200, media::DIRECTORY, text));

    let proved = Client::connect(&url, client(&here, &here)).await.unwrap();
    assert_eq!(proved.catalogue().default_network_map().unwrap().id, "net");
    assert_eq!(proved.catalogue().skipped()[0].id, "forged");
    origin.set("/net", Page::new(307, "text/plain", "").with("location", plain));
    let downgraded = proved.network_map().await.unwrap_err();
    assert!(matches!(downgraded, CallError::Redirect { .. }), "{downgraded}");

    origin.seen();
    for (own, trusted) in [(&there, &here), (&here, &there)] {
        assert!(Client::connect(&url, client(own, trusted)).await.is_err());
    }
    assert!(origin.seen().is_empty());
}
