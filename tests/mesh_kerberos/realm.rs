//! A realm on loopback: `HAFT.TEST`, with the users alice and bob and the service `HOST/localhost`.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::Mutex,
    time::{SystemTime, UNIX_EPOCH},
};

/// Where programs are that are no user's.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

pub struct Realm {
    place: PathBuf,
    server: Mutex<Option<Child>>,
}

fn there(program: &str) -> bool {
    PATH.split(':').any(|folder| PathBuf::from(folder).join(program).exists())
}

impl Realm {
    /// On a machine that has the programs, which `scripts/test` installs.
    pub fn start() -> Realm {
        let missing: Vec<&str> = ["krb5kdc", "kdb5_util", "kadmin.local", "kinit", "klist"]
            .into_iter()
            .filter(|program| !there(program))
            .collect();
        let missing = missing.join(", ");
        assert!(
            missing.is_empty(),
            "{missing} is needed (Debian: krb5-kdc, krb5-admin-server, krb5-user): scripts/test installs it"
        );
        let place = std::env::temp_dir().join(format!("haft-realm-{}", std::process::id()));
        fs::create_dir_all(&place).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let here = place.display().to_string();
        fs::write(
            place.join("krb5.conf"),
            format!(
                "[libdefaults]\n default_realm = HAFT.TEST\n dns_lookup_kdc = false\n dns_lookup_realm = false\n\
                 dns_canonicalize_hostname = false\n rdns = false\n udp_preference_limit = 1\n\
                 [realms]\n HAFT.TEST = {{\n kdc = 127.0.0.1:{port}\n }}\n\
                 [domain_realm]\n localhost = HAFT.TEST\n[logging]\n kdc = STDERR\n"
            ),
        )
        .unwrap();
        fs::write(
            place.join("kdc.conf"),
            format!(
                "[kdcdefaults]\n kdc_listen = \"\"\n kdc_tcp_listen = 127.0.0.1:{port}\n\
                 [realms]\n HAFT.TEST = {{\n database_name = {here}/principal\n key_stash_file = {here}/stash\n\
                 acl_file = {here}/acl\n max_life = 1h\n }}\n"
            ),
        )
        .unwrap();
        let realm = Realm { place, server: Mutex::default() };
        realm.run("kdb5_util", &["create", "-s", "-r", "HAFT.TEST", "-P", "of the test"]);
        for name in ["alice", "bob", "HOST/localhost"] {
            realm.administer(&format!("addprinc -randkey {name}"));
            realm.administer(&format!("ktadd -k {here}/{}.keytab {name}", name.replace('/', "-")));
        }
        realm.serve();
        realm
    }

    /// The variables of a process in the realm, whose tickets are in that file.
    pub fn environment(&self, cache: &str) -> Vec<(String, String)> {
        let here = self.place.display();
        [
            ("PATH", PATH.to_owned()),
            ("TMPDIR", format!("{here}")),
            ("KRB5_CONFIG", format!("{here}/krb5.conf")),
            ("KRB5_KDC_PROFILE", format!("{here}/kdc.conf")),
            ("KRB5CCNAME", format!("FILE:{here}/{cache}")),
            ("KRB5_KTNAME", format!("FILE:{here}/HOST-localhost.keytab")),
            ("KRB5RCACHEDIR", format!("{here}")),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    fn command(&self, program: &str, cache: &str) -> Command {
        let mut command = Command::new("/usr/bin/env");
        command.arg(program).env_clear().envs(self.environment(cache));
        command
    }

    fn run(&self, program: &str, args: &[&str]) {
        let out = self.command(program, "none").args(args).output().unwrap();
        assert!(out.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&out.stderr));
    }

    fn administer(&self, order: &str) {
        self.run("kadmin.local", &["-r", "HAFT.TEST", "-q", order]);
    }

    /// Starts the server and waits until it takes questions.
    fn serve(&self) {
        let mut child =
            self.command("krb5kdc", "none").arg("-n").stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut said = Vec::new();
        loop {
            match lines.next() {
                Some(Ok(line)) if line.contains("commencing operation") => break,
                Some(Ok(line)) => said.push(line),
                _ => panic!("the server did not start: {said:?}"),
            }
        }
        // What it says later is nobody's business, but has to go somewhere.
        std::thread::spawn(move || lines.for_each(drop));
        *self.server.lock().unwrap() = Some(child);
    }

    pub fn stop(&self) {
        if let Some(mut child) = self.server.lock().unwrap().take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Tickets of a user, by the key.
    pub fn kinit(&self, user: &str, cache: &str) {
        self.tickets(user, cache, &[]);
    }

    /// Tickets that are over when this returns.
    pub fn short_lived(&self, user: &str, cache: &str) {
        self.tickets(user, cache, &["-l", "1s"]);
        // `klist -s` says when: there is nothing else to wait for. The library counts whole seconds: the next one is over.
        while self.command("klist", cache).arg("-s").status().unwrap().success() {}
        let second = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let over = second();
        while second() == over {
            std::thread::yield_now();
        }
    }

    fn tickets(&self, user: &str, cache: &str, more: &[&str]) {
        let keys = format!("{}/{user}.keytab", self.place.display());
        let mut command = self.command("kinit", cache);
        let out = command.args(["-k", "-t", &keys]).args(more).arg(user).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    }

    /// Gives a principal a key that its file does not have.
    pub fn change_key(&self, name: &str) {
        self.administer(&format!("cpw -randkey {name}"));
    }
}

impl Drop for Realm {
    fn drop(&mut self) {
        self.stop();
        fs::remove_dir_all(&self.place).unwrap();
    }
}
