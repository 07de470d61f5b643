#include "admin/place.h"

#include <curl/curl.h>
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"

enum { CONNECT_SECONDS = 20, STALL_SECONDS = 60, FOLDER_MODE = 0755, FILE_MODE = 0644 };

#define SFTP "sftp://"
#define HOME "/~/"
#define PART ".part"

struct place {
	char *folder; /* a local one, or */
	CURLU *url;   /* one reached by SFTP, */
	CURL *curl;   /* over one connection */
	char *path;   /* its path there, with '/' at the end */
	char *password;
	const char *known_hosts; /* borrowed; NULL: the usual file */
	char reason[CURL_ERROR_SIZE];
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
start_curl(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

static bool
is_plain(const char *name)
{
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_";
	size_t n = strlen(name);

	return n > 0 && n < PLACE_NAME_MAX && name[0] != '.' && strspn(name, letters) == n;
}

/* ---- over SFTP ---- */

/* ssh-keyscan asks the port that it is told. */
static int
hint_of_key(const struct place *p, const char *host, struct err *e)
{
	const char *file = p->known_hosts == NULL ? "~/.ssh/known_hosts" : p->known_hosts;
	char *port = NULL;
	int rc;

	curl_url_get(p->url, CURLUPART_PORT, &port, 0);
	rc = err_hint(e, "compare its fingerprint, then: ssh-keyscan %s%.5s%s%.80s >> %.100s%s",
	    port == NULL ? "" : "-p ", port == NULL ? "" : port, port == NULL ? "" : " ", host,
	    file, p->known_hosts == NULL ? " (--known-hosts FILE names another file)" : "");
	curl_free(port);
	return rc;
}

static int
curl_says(const struct place *p, CURLcode code, const char *what, struct err *e)
{
	const char *reason = p->reason[0] != '\0' ? p->reason : curl_easy_strerror(code);
	char *host = NULL;

	curl_url_get(p->url, CURLUPART_HOST, &host, 0);
	switch (code) {
	case CURLE_PEER_FAILED_VERIFICATION:
		err_set(e, ERR_DENIED, "%s: the key of host %.100s is not the one in known_hosts",
		    what, host);
		hint_of_key(p, host, e);
		break;
	case CURLE_LOGIN_DENIED:
		err_set(e, ERR_DENIED, "%s: host %.100s refuses the login", what, host);
		err_hint(e, "--password-file FILE, or --key-file FILE");
		break;
	case CURLE_REMOTE_FILE_NOT_FOUND:
		err_set(
		    e, ERR_NOT_FOUND, "%s: there is no such file or folder on %.100s", what, host);
		break;
	default:
		err_set(e, ERR_FAILED, "%s: %.200s", what, reason);
	}
	curl_free(host);
	return -1;
}

static bool
set_url(struct place *p, const char *name)
{
	char *path = mem_fmt("%s%s", p->path, name);
	bool ok = curl_url_set(p->url, CURLUPART_PATH, path, CURLU_URLENCODE) == CURLUE_OK &&
		  curl_easy_setopt(p->curl, CURLOPT_CURLU, p->url) == CURLE_OK;

	free(path);
	return ok;
}

/* A key, an agent or a password, whatever was given and the server takes; never the user's other
 * ways in, which would ask questions. */
static bool
set_login(struct place *p, const struct place_login *l)
{
	const char *home = getenv("HOME");
	char *usual = mem_fmt("%s/.ssh/known_hosts", home == NULL ? "" : home);
	long ways = CURLSSH_AUTH_PUBLICKEY | CURLSSH_AUTH_AGENT;
	bool ok = curl_easy_setopt(p->curl, CURLOPT_SSH_KNOWNHOSTS,
		      l->known_hosts ? l->known_hosts : usual) == CURLE_OK;

	if (l->key_file != NULL)
		ok = ok && curl_easy_setopt(p->curl, CURLOPT_SSH_PRIVATE_KEYFILE, l->key_file) ==
			       CURLE_OK;
	if (l->password.n > 0) {
		ways = CURLSSH_AUTH_PASSWORD | CURLSSH_AUTH_KEYBOARD;
		p->password = mem_text_n((const char *)l->password.p, l->password.n);
		ok = ok && curl_easy_setopt(p->curl, CURLOPT_PASSWORD, p->password) == CURLE_OK;
	}
	ok = ok && curl_easy_setopt(p->curl, CURLOPT_SSH_AUTH_TYPES, ways) == CURLE_OK;
	free(usual);
	return ok;
}

static bool
prepare(struct place *p, const struct place_login *l)
{
	return curl_easy_setopt(p->curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	       curl_easy_setopt(p->curl, CURLOPT_PROXY, "") == CURLE_OK &&
	       curl_easy_setopt(p->curl, CURLOPT_PROTOCOLS_STR, "sftp") == CURLE_OK &&
	       curl_easy_setopt(p->curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS) ==
		   CURLE_OK &&
	       curl_easy_setopt(p->curl, CURLOPT_LOW_SPEED_LIMIT, 1L) == CURLE_OK &&
	       curl_easy_setopt(p->curl, CURLOPT_LOW_SPEED_TIME, (long)STALL_SECONDS) == CURLE_OK &&
	       curl_easy_setopt(p->curl, CURLOPT_ERRORBUFFER, p->reason) == CURLE_OK &&
	       set_login(p, l);
}

static int
check_url(struct place *p, const char *text, struct err *e)
{
	char *password = NULL, *path = NULL, *query = NULL;
	int rc = 0;

	if (curl_url_set(p->url, CURLUPART_URL, text, 0) != CURLUE_OK)
		return err_set(
		    e, ERR_USAGE, "\"%.200s\" is not sftp://[USER@]HOST[:PORT]/folder", text);
	if (curl_url_get(p->url, CURLUPART_PASSWORD, &password, 0) == CURLUE_OK) {
		err_set(e, ERR_USAGE, "a password does not belong on the command line");
		rc = err_hint(e, "--password-file FILE; - is standard input");
	} else if (curl_url_get(p->url, CURLUPART_QUERY, &query, 0) == CURLUE_OK ||
		   curl_url_get(p->url, CURLUPART_PATH, &path, CURLU_URLDECODE) != CURLUE_OK) {
		rc = err_set(e, ERR_USAGE, "\"%.200s\" does not name a folder", text);
	} else {
		p->path = mem_fmt("%s%s", path, path[strlen(path) - 1] == '/' ? "" : "/");
	}
	curl_free(password);
	curl_free(query);
	curl_free(path);
	return rc;
}

static int
open_sftp(struct place *p, const char *text, const struct place_login *l, struct err *e)
{
	pthread_once(&once, start_curl);
	p->url = curl_url();
	p->curl = curl_easy_init();
	if (p->url == NULL || p->curl == NULL)
		return err_set(e, ERR_FAILED, "libcurl cannot be used");
	p->known_hosts = l->known_hosts;
	if (check_url(p, text, e) != 0)
		return -1;
	if (!prepare(p, l))
		return err_set(e, ERR_FAILED, "this libcurl has no SFTP");
	return 0;
}

/* Taking less than was offered makes libcurl give up. */
static size_t
on_bytes(char *bytes, size_t one, size_t n, void *out)
{
	struct wr *w = out;

	wr_put(w, bytes_over(bytes, n));
	return w->bad ? 0 : n * one;
}

static int
receive(struct place *p, const char *name, bool list, struct wr *got, struct err *e)
{
	CURLcode code;

	p->reason[0] = '\0';
	if (!set_url(p, name) || curl_easy_setopt(p->curl, CURLOPT_UPLOAD, 0L) != CURLE_OK ||
	    curl_easy_setopt(p->curl, CURLOPT_QUOTE, NULL) != CURLE_OK ||
	    curl_easy_setopt(p->curl, CURLOPT_POSTQUOTE, NULL) != CURLE_OK ||
	    curl_easy_setopt(p->curl, CURLOPT_DIRLISTONLY, list ? 1L : 0L) != CURLE_OK ||
	    curl_easy_setopt(p->curl, CURLOPT_WRITEFUNCTION, on_bytes) != CURLE_OK ||
	    curl_easy_setopt(p->curl, CURLOPT_WRITEDATA, got) != CURLE_OK)
		return err_set(e, ERR_FAILED, "libcurl cannot be used");
	code = curl_easy_perform(p->curl);
	if (got->bad)
		return err_set(e, ERR_LIMIT, "%.100s is larger than %zu bytes",
		    list ? "the folder's list" : name, got->max);
	return code == CURLE_OK ? 0 : curl_says(p, code, list ? "cannot read the folder" : name, e);
}

struct sending {
	struct bytes left;
};

static size_t
on_room(char *to, size_t one, size_t n, void *ctx)
{
	struct sending *s = ctx;
	size_t take = one * n < s->left.n ? one * n : s->left.n;

	memcpy(to, s->left.p, take);
	s->left = bytes_from(s->left, take);
	return take;
}

/* As libcurl reads it in a command: in quotes, where a backslash keeps a quote or a backslash.  It
 * expands no "/~/" there, but what is relative begins at the user's home, too. */
static void
put_path(struct wr *to, const struct place *p, const char *name, const char *ending)
{
	const char *part[] = { strncmp(p->path, HOME, strlen(HOME)) == 0 ? p->path + strlen(HOME)
									 : p->path,
		name, ending };

	wr_text(to, " \"");
	for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++)
		for (const char *c = part[i]; *c != '\0'; c++) {
			if (*c == '"' || *c == '\\')
				wr_u8(to, '\\');
			wr_u8(to, (uint8_t)*c);
		}
	wr_text(to, "\"");
}

/* What is done once the file is there: takes its name from an older one, and has it. */
static struct curl_slist *
to_its_name(const struct place *p, const char *name)
{
	struct wr clear = { 0 }, rename = { 0 };
	struct curl_slist *first, *both;

	wr_text(&clear, "*rm");
	put_path(&clear, p, name, "");
	wr_text(&rename, "rename");
	put_path(&rename, p, name, PART);
	put_path(&rename, p, name, "");
	first = curl_slist_append(NULL, wr_cstr(&clear));
	both = curl_slist_append(first, wr_cstr(&rename));
	if (both == NULL)
		curl_slist_free_all(first);
	wr_free(&clear);
	wr_free(&rename);
	return both;
}

/* Under another name first: SFTP renames only to where nothing is. */
static int
send_file(struct place *p, const char *name, struct bytes content, struct err *e)
{
	char *part = mem_fmt("%s" PART, name);
	struct curl_slist *after = to_its_name(p, name);
	struct sending s = { content };
	CURLcode code = CURLE_OUT_OF_MEMORY;

	p->reason[0] = '\0';
	if (after != NULL && set_url(p, part) &&
	    curl_easy_setopt(p->curl, CURLOPT_UPLOAD, 1L) == CURLE_OK &&
	    curl_easy_setopt(p->curl, CURLOPT_DIRLISTONLY, 0L) == CURLE_OK &&
	    curl_easy_setopt(p->curl, CURLOPT_FTP_CREATE_MISSING_DIRS, 1L) == CURLE_OK &&
	    curl_easy_setopt(p->curl, CURLOPT_NEW_FILE_PERMS, (long)FILE_MODE) == CURLE_OK &&
	    curl_easy_setopt(p->curl, CURLOPT_POSTQUOTE, after) == CURLE_OK &&
	    curl_easy_setopt(p->curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)content.n) ==
		CURLE_OK &&
	    curl_easy_setopt(p->curl, CURLOPT_READFUNCTION, on_room) == CURLE_OK &&
	    curl_easy_setopt(p->curl, CURLOPT_READDATA, &s) == CURLE_OK)
		code = curl_easy_perform(p->curl);
	curl_easy_setopt(p->curl, CURLOPT_POSTQUOTE, NULL);
	curl_slist_free_all(after);
	free(part);
	return code == CURLE_OK ? 0 : curl_says(p, code, name, e);
}

/* ---- either ---- */

struct place *
place_open(const char *text, const struct place_login *login, bool must, struct err *e)
{
	struct place *p = mem_new(sizeof(*p));
	int rc;

	if (strncmp(text, SFTP, strlen(SFTP)) == 0) {
		rc = open_sftp(p, text, login, e);
	} else if (strstr(text, "://") != NULL) {
		rc = err_set(e, ERR_USAGE, "\"%.200s\": a folder, or sftp://...", text);
	} else {
		p->folder = mem_text(text);
		rc = must ? 0 : file_make_folder(text, FOLDER_MODE, e);
		if (must && !file_exists(text))
			rc = err_set(e, ERR_NOT_FOUND, "there is no folder %.300s", text);
	}
	if (rc == 0)
		return p;
	place_close(p);
	return NULL;
}

void
place_close(struct place *p)
{
	if (p == NULL)
		return;
	curl_easy_cleanup(p->curl);
	curl_url_cleanup(p->url);
	if (p->password != NULL)
		mem_wipe(p->password, strlen(p->password));
	free(p->password);
	free(p->path);
	free(p->folder);
	free(p);
}

struct names {
	char **name;
	size_t n;
};

static int
add_name(struct names *to, const char *name, struct err *e)
{
	if (!is_plain(name))
		return 0;
	if (to->n >= PLACE_NAMES_MAX)
		return err_set(e, ERR_LIMIT, "more than %d files in the folder", PLACE_NAMES_MAX);
	to->name = mem_resize(to->name, (to->n + 1) * sizeof(*to->name));
	to->name[to->n++] = mem_text(name);
	return 0;
}

static int
list_folder(const char *folder, struct names *to, struct err *e)
{
	DIR *d = opendir(folder);
	struct dirent *entry;
	int rc = 0;

	if (d == NULL)
		return err_errno(e, "cannot read the folder %.300s", folder);
	while (rc == 0 && (entry = readdir(d)) != NULL)
		rc = add_name(to, entry->d_name, e);
	closedir(d);
	return rc;
}

static int
list_sftp(struct place *p, struct names *to, struct err *e)
{
	struct wr text = { .max = PLACE_LIST_MAX };
	char *line, *rest = NULL;
	int rc = receive(p, "", true, &text, e);

	if (rc == 0)
		wr_u8(&text, 0);
	line = rc == 0 ? strtok_r((char *)text.p, "\r\n", &rest) : NULL;
	for (; rc == 0 && line != NULL; line = strtok_r(NULL, "\r\n", &rest))
		rc = add_name(to, line, e);
	wr_free(&text);
	return rc;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int
place_list(struct place *p, char ***out, size_t *n, struct err *e)
{
	struct names all = { NULL, 0 };
	int rc = p->folder != NULL ? list_folder(p->folder, &all, e) : list_sftp(p, &all, e);

	*out = NULL;
	*n = 0;
	if (rc != 0) {
		place_list_free(all.name, all.n);
		return -1;
	}
	if (all.n > 0)
		qsort(all.name, all.n, sizeof(*all.name), by_name);
	*out = all.name;
	*n = all.n;
	return 0;
}

void
place_list_free(char **names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

int
place_get(struct place *p, const char *name, size_t max, struct wr *out, struct err *e)
{
	struct wr got = { .max = max };
	char *path;
	int rc;

	if (!is_plain(name))
		return err_set(e, ERR_USAGE, "\"%.60s\" is no plain file name", name);
	if (p->folder != NULL) {
		path = mem_fmt("%s/%s", p->folder, name);
		rc = file_read_regular(path, max, &got, e);
		free(path);
	} else {
		rc = receive(p, name, false, &got, e);
	}
	if (rc == 0)
		wr_put(out, wr_view(&got));
	wr_free(&got);
	return rc;
}

int
place_put(struct place *p, const char *name, struct bytes content, struct err *e)
{
	char *path;
	int rc;

	if (!is_plain(name))
		return err_set(e, ERR_USAGE, "\"%.60s\" is no plain file name", name);
	if (p->folder == NULL)
		return send_file(p, name, content, e);
	path = mem_fmt("%s/%s", p->folder, name);
	rc = file_replace(path, content, FILE_MODE, e);
	free(path);
	return rc;
}
