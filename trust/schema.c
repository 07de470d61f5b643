#include "trust/schema.h"

/* Steps are never edited once released; a change is a new step. */
const char *const schema_step[] = {
	/* 1: the cluster, its nodes and services, certificates, parameters, lists, phones */
	"CREATE TABLE generation ("
	"  id INTEGER PRIMARY KEY CHECK (id = 1),"
	"  number INTEGER NOT NULL"
	") STRICT;"
	"INSERT INTO generation VALUES (1, 1);"

	/* One row.  Release decides who signs (8.0, 10.0, 11.5, 12.5, 14).  Organisation and so on
	 * go into the subjects of certificates made later. */
	"CREATE TABLE cluster ("
	"  id INTEGER PRIMARY KEY CHECK (id = 1),"
	"  name TEXT NOT NULL,"
	"  release TEXT NOT NULL,"
	"  organization TEXT NOT NULL, unit TEXT NOT NULL, location TEXT NOT NULL,"
	"  state TEXT NOT NULL, country TEXT NOT NULL,"
	"  created INTEGER NOT NULL"
	") STRICT;"

	/* The servers.  The publisher is the node that CAPF and ITLRecovery belong to. */
	"CREATE TABLE node ("
	"  id INTEGER PRIMARY KEY,"
	"  name TEXT NOT NULL UNIQUE,"
	"  address TEXT NOT NULL UNIQUE,"
	"  publisher INTEGER NOT NULL"
	") STRICT;"
	"CREATE UNIQUE INDEX node_publisher ON node(publisher) WHERE publisher = 1;"

	/* Certificates by their bytes; where they are is cert_place. */
	"CREATE TABLE cert ("
	"  id INTEGER PRIMARY KEY,"
	"  sha256 BLOB NOT NULL UNIQUE,"
	"  der BLOB NOT NULL,"
	"  subject TEXT NOT NULL, issuer TEXT NOT NULL," /* Cisco's spelling */
	"  serial BLOB NOT NULL,"			 /* without the DER sign byte */
	"  not_before INTEGER NOT NULL, not_after INTEGER NOT NULL"
	") STRICT;"
	"CREATE INDEX cert_issuer_serial ON cert(issuer, serial);"

	/* Private keys (PKCS#8 DER).  They live here and not in files so that a certificate and its
	 * key appear in one transaction: a crash in the middle of a regeneration leaves the old
	 * pair or the new one, never a certificate without its key; and a copy of the store is a
	 * whole backup.  The file is 0600 in a 0700 folder, as key files would be, and
	 * secure_delete overwrites what goes. */
	"CREATE TABLE cert_key ("
	"  cert INTEGER PRIMARY KEY REFERENCES cert(id) ON DELETE CASCADE,"
	"  pkcs8 BLOB NOT NULL"
	") STRICT;"

	/* A certificate in one of CUCM's named stores.  node 0: the cluster's.  An identity store
	 * (CallManager, TVS, ...) holds one certificate per node, a trust store any number. */
	"CREATE TABLE cert_place ("
	"  cert INTEGER NOT NULL REFERENCES cert(id),"
	"  store TEXT NOT NULL,"
	"  node INTEGER NOT NULL,"
	"  name TEXT NOT NULL," /* file name as CUCM lists it */
	"  added INTEGER NOT NULL,"
	"  PRIMARY KEY (store, node, cert)"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX cert_place_cert ON cert_place(cert);"

	/* Every list ever built, and why.  number counts from 1 for each node and kind. */
	"CREATE TABLE list ("
	"  id INTEGER PRIMARY KEY,"
	"  kind TEXT NOT NULL CHECK (kind IN ('ITL', 'CTL')),"
	"  node INTEGER NOT NULL,"
	"  number INTEGER NOT NULL,"
	"  built INTEGER NOT NULL,"
	"  why TEXT NOT NULL,"
	"  file BLOB NOT NULL,"
	"  UNIQUE (kind, node, number)"
	") STRICT;"

	/* What runs on a node, and what it loaded when it last started: a service goes on working
	 * from that until it is restarted, as on a real cluster. */
	"CREATE TABLE service ("
	"  node INTEGER NOT NULL REFERENCES node(id),"
	"  name TEXT NOT NULL,"
	"  running INTEGER NOT NULL,"
	"  since INTEGER NOT NULL,"	     /* started or stopped, Unix seconds */
	"  starts INTEGER NOT NULL,"	     /* how often, so that a server notices each restart */
	"  itl INTEGER REFERENCES list(id)," /* TFTP: the list it serves */
	"  PRIMARY KEY (node, name)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE service_param ("
	"  node INTEGER NOT NULL, service TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,"
	"  PRIMARY KEY (node, service, name)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE service_cert ("
	"  node INTEGER NOT NULL, service TEXT NOT NULL, store TEXT NOT NULL,"
	"  cert INTEGER NOT NULL REFERENCES cert(id),"
	"  PRIMARY KEY (node, service, store)"
	") STRICT, WITHOUT ROWID;"

	/* Parameters that were set; all others have their default (trust/param.c). */
	"CREATE TABLE param ("
	"  name TEXT PRIMARY KEY, value TEXT NOT NULL, changed INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE param_change ("
	"  id INTEGER PRIMARY KEY, at INTEGER NOT NULL, who TEXT NOT NULL, name TEXT NOT NULL,"
	"  was TEXT NOT NULL, became TEXT NOT NULL"
	") STRICT;"

	"CREATE TABLE phone ("
	"  name TEXT PRIMARY KEY," /* SEP001122334455 */
	"  model TEXT NOT NULL,"   /* trust/model.c */
	"  description TEXT NOT NULL,"
	"  load TEXT NOT NULL," /* firmware it is told to run; '' leaves it what it has */
	"  security_mode INTEGER NOT NULL CHECK (security_mode IN (1, 2, 3)),"
	"  added INTEGER NOT NULL,"
	"  resets INTEGER NOT NULL DEFAULT 0," /* how often it was asked to boot again */
	"  stamp INTEGER NOT NULL DEFAULT 0"   /* raised by each change of its configuration */
	") STRICT, WITHOUT ROWID;",

	/* 2: what happened, what each TVS knows, what each phone holds */

	/* The trail of events, for people; bounded (trust/event.c). */
	"CREATE TABLE event ("
	"  id INTEGER PRIMARY KEY,"
	"  at INTEGER NOT NULL,"
	"  service TEXT NOT NULL, node TEXT NOT NULL, peer TEXT NOT NULL, device TEXT NOT NULL,"
	"  what TEXT NOT NULL,"	   /* 'query', 'verify', 'download', ... */
	"  verdict TEXT NOT NULL," /* 'valid', 'invalid', 'sent', ... */
	"  subject TEXT NOT NULL," /* of the certificate, or a file name */
	"  because TEXT NOT NULL"  /* the stores that decided, or why not */
	") STRICT;"

	/* The trust stores as the TVS of a node knows them: as they were when it started or was
	 * last told of changes (certificate change notification). */
	"CREATE TABLE tvs_known ("
	"  node INTEGER NOT NULL REFERENCES node(id),"
	"  cert INTEGER NOT NULL REFERENCES cert(id),"
	"  store TEXT NOT NULL,"
	"  PRIMARY KEY (node, cert, store)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE tvs_told ("
	"  node INTEGER PRIMARY KEY REFERENCES node(id),"
	"  at INTEGER NOT NULL,"
	"  times INTEGER NOT NULL DEFAULT 1" /* another number: it knows something else */
	") STRICT;"
	/* Those that run have known all there was. */
	"INSERT INTO tvs_known SELECT service.node, cert, store FROM service, cert_place"
	"  WHERE service.name = 'TVS' GROUP BY 1, 2, 3;"
	"INSERT INTO tvs_told(node, at) SELECT node, since FROM service WHERE name = 'TVS';"

	/* What a phone was seen doing, known to us or not. */
	"CREATE TABLE phone_seen ("
	"  phone TEXT PRIMARY KEY,"
	"  at INTEGER NOT NULL," /* of its last request */
	"  peer TEXT NOT NULL,"
	"  node INTEGER NOT NULL," /* whose list it asked for */
	"  fetched INTEGER,"	   /* the list it downloaded last (list.id) */
	"  fetched_at INTEGER,"
	"  holds INTEGER,"		  /* the list that it holds, as far as we can tell */
	"  foreign_sha1 BLOB,"		  /* or, as it reported, one that is not ours */
	"  reported_at INTEGER,"	  /* when it said so itself; NULL: we reckon */
	"  note TEXT NOT NULL DEFAULT ''" /* why we think so */
	") STRICT, WITHOUT ROWID;",

	/* 3: certificates that a CA is to sign */

	/* What was asked for, and the key (PKCS#8 DER) that waits for the certificate.  One for
	 * each identity store of a node; node 0: the cluster's, as in cert_place. */
	"CREATE TABLE cert_request ("
	"  store TEXT NOT NULL,"
	"  node INTEGER NOT NULL,"
	"  pkcs8 BLOB NOT NULL,"
	"  request BLOB NOT NULL," /* PKCS#10 DER */
	"  made INTEGER NOT NULL,"
	"  PRIMARY KEY (store, node)"
	") STRICT, WITHOUT ROWID;",

	/* 4: how long phones may keep what TVS says; what CAPF is to do, and what it issued */

	/* Seconds; NULL: as long as the parameter says. */
	"ALTER TABLE cert ADD COLUMN duration INTEGER;"
	"ALTER TABLE tvs_known ADD COLUMN duration INTEGER;" /* as the node's TVS was told */

	/* What CAPF is to do with a phone, and what became of it (trust/order.c). */
	"CREATE TABLE capf_order ("
	"  phone TEXT PRIMARY KEY REFERENCES phone(name) ON DELETE CASCADE,"
	"  operation INTEGER NOT NULL," /* enum order_operation; 0: nothing pending */
	"  last INTEGER NOT NULL,"	/* the one that the status speaks of */
	"  auth INTEGER NOT NULL,"	/* enum order_auth */
	"  string TEXT NOT NULL,"	/* authentication string; '' once used */
	"  key_order INTEGER NOT NULL," /* enum order_keys */
	"  rsa_bits INTEGER NOT NULL, ec_bits INTEGER NOT NULL,"
	"  number INTEGER NOT NULL," /* another one after each schedule and each success */
	"  made INTEGER NOT NULL,"
	"  completes_by INTEGER NOT NULL," /* Unix seconds */
	"  wrong INTEGER NOT NULL,"	   /* authentication strings tried, one after the other */
	"  locked_until INTEGER NOT NULL," /* after too many of them */
	"  status INTEGER NOT NULL,"	   /* enum order_status */
	"  status_at INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;"

	/* Every certificate CAPF ever signed for a phone: none is valid that does not stand here.
	 * The phone's name refers to nothing, for the account outlives the phone. */
	"CREATE TABLE lsc ("
	"  id INTEGER PRIMARY KEY,"
	"  phone TEXT NOT NULL,"
	"  sha256 BLOB NOT NULL UNIQUE,"
	"  der BLOB NOT NULL,"
	"  not_before INTEGER NOT NULL, not_after INTEGER NOT NULL,"
	"  state INTEGER NOT NULL," /* enum lsc_state */
	"  state_at INTEGER NOT NULL"
	") STRICT;"
	"CREATE INDEX lsc_phone ON lsc(phone);"
	"CREATE UNIQUE INDEX lsc_held ON lsc(phone) WHERE state = 2;"
	"CREATE INDEX lsc_term ON lsc(phone, not_before, not_after) WHERE state = 2;"

	/* What phones showed: the answer to a troubleshooting order.  kind: 1 LSC, 2 MIC. */
	"CREATE TABLE phone_cert ("
	"  phone TEXT NOT NULL,"
	"  kind INTEGER NOT NULL CHECK (kind IN (1, 2)),"
	"  der BLOB NOT NULL,"
	"  at INTEGER NOT NULL,"
	"  PRIMARY KEY (phone, kind)"
	") STRICT, WITHOUT ROWID;"

	/* Public keys that wait for an issuer elsewhere, and what it signed for them. */
	"CREATE TABLE lsc_request ("
	"  phone TEXT PRIMARY KEY REFERENCES phone(name) ON DELETE CASCADE,"
	"  public_key BLOB NOT NULL," /* SubjectPublicKeyInfo */
	"  made INTEGER NOT NULL,"
	"  signed BLOB" /* DER; NULL: not yet */
	") STRICT, WITHOUT ROWID;",

	/* 5: configuration that only the phone can read */

	/* TFTP Encrypted Config of its security profile: 0, 1. */
	"ALTER TABLE phone ADD COLUMN encrypted_config INTEGER NOT NULL DEFAULT 0;",

	/* 6: phones that register by themselves */

	/* When it was last sent to the default configuration, which let it; NULL: never. */
	"ALTER TABLE phone_seen ADD COLUMN registers INTEGER;",

	/* 7: the CTL */

	"ALTER TABLE service ADD COLUMN ctl INTEGER REFERENCES list(id);" /* TFTP serves it */
	/* As without "ctl_" of its ITL. */
	"ALTER TABLE phone_seen ADD COLUMN ctl_fetched INTEGER;"
	"ALTER TABLE phone_seen ADD COLUMN ctl_fetched_at INTEGER;"
	"ALTER TABLE phone_seen ADD COLUMN ctl_holds INTEGER;"
	"ALTER TABLE phone_seen ADD COLUMN ctl_foreign_sha1 BLOB;"
	"ALTER TABLE phone_seen ADD COLUMN ctl_reported_at INTEGER;"
	"ALTER TABLE phone_seen ADD COLUMN ctl_note TEXT NOT NULL DEFAULT '';",

	/* 8: what the file counter has done */

	/* Sums over all workers since a process began to serve (trust/tally.c). */
	"CREATE TABLE tally ("
	"  node INTEGER NOT NULL,"
	"  door TEXT NOT NULL," /* 'tftp', 'http', 'https', 'https-tomcat' */
	"  what TEXT NOT NULL," /* 'requests', 'sent', ... */
	"  n INTEGER NOT NULL,"
	"  PRIMARY KEY (node, door, what)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE tally_time ("
	"  id INTEGER PRIMARY KEY CHECK (id = 1),"
	"  since INTEGER NOT NULL,"
	"  at INTEGER NOT NULL" /* what time the sums are of */
	") STRICT;",

	/* 9: who may administer, and what they did */

	/* Users (trust/user.c).  The hash is of a password, slow to try (admin/password.c). */
	"CREATE TABLE user ("
	"  name TEXT PRIMARY KEY,"
	"  role INTEGER NOT NULL CHECK (role IN (1, 2, 3))," /* enum user_role */
	"  disabled INTEGER NOT NULL,"
	"  hash TEXT NOT NULL,"
	"  made INTEGER NOT NULL, changed INTEGER NOT NULL,"
	"  epoch INTEGER NOT NULL" /* another one after each change: sessions of before are over */
	") STRICT, WITHOUT ROWID;"
	/* The epoch given last, whoever got it: one row. */
	"CREATE TABLE user_epoch ("
	"  id INTEGER PRIMARY KEY CHECK (id = 1),"
	"  number INTEGER NOT NULL"
	") STRICT;"
	"INSERT INTO user_epoch VALUES (1, 0);"

	/* What programs show instead of a password: random enough for one fast hash.  Numbers stand
	 * in the audit trail, so none is given twice. */
	"CREATE TABLE user_token ("
	"  id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  user TEXT NOT NULL REFERENCES user(name) ON DELETE CASCADE,"
	"  label TEXT NOT NULL,"
	"  sha256 BLOB NOT NULL UNIQUE," /* of the text; the text itself is nowhere */
	"  role INTEGER NOT NULL CHECK (role IN (1, 2, 3)),"
	"  made INTEGER NOT NULL, expires INTEGER NOT NULL,"
	"  used INTEGER NOT NULL,"   /* last, to the minute; 0: never */
	"  revoked INTEGER NOT NULL" /* when; 0: not */
	") STRICT;"
	"CREATE INDEX user_token_user ON user_token(user);"

	/* The audit trail; bounded (trust/audit.c).  number counts what was refused for want of
	 * a password or a right, and all else, apart: each has a bound of its own. */
	"CREATE TABLE audit ("
	"  id INTEGER PRIMARY KEY,"
	"  at INTEGER NOT NULL,"
	"  refused INTEGER NOT NULL CHECK (refused IN (0, 1)),"
	"  number INTEGER NOT NULL,"
	"  who TEXT NOT NULL,"
	"  peer TEXT NOT NULL," /* an address, or 'shell' */
	"  what TEXT NOT NULL," /* the words of a verb, 'login', ... */
	"  subject TEXT NOT NULL,"
	"  was TEXT NOT NULL, became TEXT NOT NULL,"
	"  outcome TEXT NOT NULL" /* 'done', or why not */
	") STRICT;"
	"CREATE UNIQUE INDEX audit_number ON audit(refused, number);",
};

const size_t schema_steps = sizeof(schema_step) / sizeof(schema_step[0]);
