package servers

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Where nginx and fcgiwrap are, which are not on everybody's PATH.
const (
	nginxPath    = "/usr/sbin/nginx"
	fcgiwrapPath = "/usr/sbin/fcgiwrap"
	nginxParams  = "/etc/nginx/fastcgi_params"
)

// startup bounds how long a server takes to listen.
const startup = 20 * time.Second

// noHTTP says why there is no nginx here, "" if there is.
func noHTTP() string {
	for _, path := range []string{nginxPath, fcgiwrapPath, nginxParams} {
		if _, err := os.Stat(path); err != nil {
			return path + " is not installed (nginx-light, fcgiwrap)"
		}
	}
	return ""
}

// http has the guide's nginx listen at a port of its own, and alice known there.
func (p *place) http() {
	p.t.Helper()
	port, socket := p.port(), p.path("fcgiwrap.socket")
	p.certificate()
	p.write("git.htpasswd", "alice:{PLAIN}secret\n", 0o600)
	backend := p.write("fake/backend", fmt.Sprintf("#!/bin/sh\nGIT_CONFIG_SYSTEM='%s' exec '%s/git-http-backend'\n", p.path("etc", "gitconfig"), p.core), 0o700)
	p.places = p.replacer("https://git.example.com", "https://alice:secret@"+port,
		"listen 443 ssl", "listen "+port+" ssl", "/etc/nginx/git.", p.path("git."),
		"/usr/lib/git-core/git-http-backend", backend, "HOME /srv/git", "HOME "+p.path("home"), "/run/fcgiwrap.socket", socket)
	user := ""
	if os.Getuid() == 0 {
		user = "user root root;\n"
	}
	temps := ""
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		temps += fmt.Sprintf("%s_temp_path %s;\n", kind, p.path("nginx-"+kind))
	}
	config := p.write("nginx.conf", fmt.Sprintf("%sdaemon off;\npid %s;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\n%s%s\n}\n",
		user, p.path("nginx.pid"), temps, p.block("server {")), 0o600)
	p.start("unix", socket, fcgiwrapPath, "-f", "-s", "unix:"+socket)
	p.start("tcp", port, nginxPath, "-e", "stderr", "-p", p.dir, "-c", config)
	p.env = append(p.env, "GIT_SSL_CAINFO="+p.path("git.crt"))
}

// port is an address of loopback where nobody listens.
func (p *place) port() string {
	p.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		p.t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// certificate makes the server's.
func (p *place) certificate() {
	p.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		p.t.Fatal(err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		p.t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		p.t.Fatal(err)
	}
	p.write("git.crt", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})), 0o600)
	p.write("git.key", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), 0o600)
}

// start starts a server, which ends with the test, and waits until it listens.
func (p *place) start(network, address, program string, args ...string) {
	p.t.Helper()
	var said strings.Builder
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = p.dir, p.env, &said, &said
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			p.t.Errorf("%s ended by itself: %v", program, err)
		}
		_ = cmd.Wait() // by that signal
		if p.t.Failed() {
			p.t.Logf("%s said:\n%s", program, said.String())
		}
	})
	for end := time.Now().Add(startup); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.Dial(network, address)
		if err == nil {
			conn.Close()
			return
		}
		if time.Now().After(end) {
			p.t.Fatalf("%s does not listen after %v: %v", program, startup, err)
		}
	}
}
