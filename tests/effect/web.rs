//! The rival of one large content from one peer to another: a web server and `curl`, over mutual
//! TLS 1.3 with the same cipher.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::ensure;

use crate::usage;

/// One process, which sends the file's pages without reading them into its own memory where TLS
/// lets it.
const SETTINGS: &str = r#"
daemon off; master_process off; pid nginx.pid; error_log stderr crit; events {}
http {
  access_log off; sendfile on;
  client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3;
  uwsgi_temp_path t4; scgi_temp_path t5;
  server {
    listen ADDRESS ssl; root .;
    ssl_certificate cert.pem; ssl_certificate_key key.pem;
    ssl_client_certificate cert.pem; ssl_verify_client on;
    ssl_protocols TLSv1.3; ssl_conf_command Ciphersuites TLS_AES_256_GCM_SHA384;
  }
}
"#;

/// Seconds that `curl` tries to reach the server.
const READY_S: &str = "10";

/// CPU seconds of server and client for one file; `None` where one of them is not installed.
///
/// # Errors
/// It does not arrive.
pub(crate) fn move_one(source: &Path, folder: &Path) -> anyhow::Result<Option<f64>> {
    let folder = tempfile::tempdir_in(folder)?;
    let file = |name: &str| folder.path().join(name);
    let mut keys = Command::new("openssl");
    keys.args("req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256".split(' '));
    keys.args("-subj /CN=localhost -out cert.pem -keyout key.pem".split(' '));
    let Ok(made) = keys.current_dir(folder.path()).stderr(Stdio::null()).status() else {
        return Ok(None);
    };
    ensure!(made.success(), "`openssl` failed: {made}");
    std::fs::hard_link(source, file("film.bin"))?;
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    std::fs::write(file("nginx.conf"), SETTINGS.replace("ADDRESS", &address.to_string()))?;
    let mut command = Command::new("nginx");
    command.arg("-p").arg(folder.path()).arg("-c").arg(file("nginx.conf")).stderr(Stdio::null());
    let Ok(server) = command.spawn().map(Server) else { return Ok(None) };
    let got = file("got.bin");
    let before = usage::of_children_s();
    let mut client = Command::new("curl");
    client.args(["--silent", "--fail", "--insecure", "--retry-connrefused"]);
    client.args(["--retry", READY_S, "--retry-delay", "1", "--cert"]).arg(file("cert.pem"));
    client.arg("--key").arg(file("key.pem")).arg("--output").arg(&got);
    client.arg(format!("https://{address}/film.bin"));
    let Ok(status) = client.status() else { return Ok(None) };
    ensure!(status.success(), "`curl` failed: {status}");
    let client_s = usage::of_children_s() - before;
    let all = std::fs::metadata(source)?.len();
    ensure!(std::fs::metadata(&got)?.len() == all, "`curl` got something else");
    Ok(Some(client_s + usage::of(&[server.0.id()]).cpu_s))
}

/// Killed when dropped.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
