#include "admin/backup_manifest.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"

int
manifest_of(struct store *s, int64_t now, struct manifest *out, struct err *e)
{
	struct cluster c;
	struct node *all = NULL;
	size_t n;

	*out = (struct manifest){ .created = now };
	if (cluster_get(s, &c, e) != 0 || node_list(s, &all, &n, e) != 0)
		return -1;
	snprintf(out->program, sizeof(out->program), "trustlist %s", TL_VERSION);
	snprintf(out->cluster, sizeof(out->cluster), "%s", c.name);
	snprintf(out->release, sizeof(out->release), "%s", release_text(c.release));
	out->node = mem_array(n, sizeof(*out->node));
	for (out->nodes = 0; out->nodes < n; out->nodes++) {
		struct manifest_node *to = &out->node[out->nodes];
		const struct node *from = &all[out->nodes];

		snprintf(to->name, sizeof(to->name), "%s", from->name);
		snprintf(to->address, sizeof(to->address), "%s", from->address);
		to->publisher = from->publisher;
	}
	free(all);
	return 0;
}

int
manifest_add(struct manifest *m, const char *path, uint64_t size,
    const uint8_t sha256[MANIFEST_SHA256], struct err *e)
{
	struct manifest_file *f;

	if (m->files == MANIFEST_FILES_MAX)
		return err_set(
		    e, ERR_LIMIT, "more than %d files are to be backed up", MANIFEST_FILES_MAX);
	m->file = mem_room(m->file, m->files, &m->room, sizeof(*m->file));
	f = &m->file[m->files++];
	f->path = mem_text(path);
	f->size = size;
	memcpy(f->sha256, sha256, MANIFEST_SHA256);
	return 0;
}

void
manifest_free(struct manifest *m)
{
	for (size_t i = 0; i < m->files; i++)
		free(m->file[i].path);
	free(m->file);
	free(m->node);
	*m = (struct manifest){ .created = 0 };
}

/* ---- written ---- */

static void
show_nodes(const struct manifest *m, struct out *o)
{
	static const char *const headings[] = { "Node", "Address", "Role", NULL };

	out_table(o, "nodes", headings);
	for (size_t i = 0; i < m->nodes; i++) {
		out_row(o);
		out_text(o, "name", "Node", m->node[i].name);
		out_text(o, "address", "Address", m->node[i].address);
		out_text(o, "role", "Role", m->node[i].publisher ? "publisher" : "subscriber");
	}
	out_table_end(o);
}

void
manifest_show(const struct manifest *m, struct out *o)
{
	static const char *const headings[] = { "File", "Bytes", "SHA-256", NULL };

	out_int(o, "format", NULL, MANIFEST_FORMAT);
	out_text(o, "cluster", "Cluster", m->cluster);
	out_text(o, "release", "Release", m->release);
	out_time(o, "created", "Created", m->created);
	out_text(o, "program", "Made by", m->program);
	show_nodes(m, o);
	out_table(o, "files", headings);
	for (size_t i = 0; i < m->files; i++) {
		out_row(o);
		out_text(o, "path", "File", m->file[i].path);
		out_int(o, "size", "Bytes", (int64_t)m->file[i].size);
		out_hex(o, "sha256", "SHA-256", bytes_over(m->file[i].sha256, MANIFEST_SHA256));
	}
	out_table_end(o);
}

int
manifest_write(const struct manifest *m, struct wr *to, struct err *e)
{
	struct out *o = out_new();
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	manifest_show(m, o);
	if (f != NULL)
		out_show_json(o, f);
	out_free(o);
	if (f == NULL || fclose(f) != 0)
		return err_errno(e, "cannot write the manifest");
	wr_put(to, bytes_over(text, n));
	free(text);
	return n <= MANIFEST_BYTES_MAX && !to->bad
		   ? 0
		   : err_set(
			 e, ERR_LIMIT, "the manifest takes more than %d bytes", MANIFEST_BYTES_MAX);
}

/* ---- read ---- */

static const char *
text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

/* A text that has to be there and to fit. */
static bool
take_text(const json_t *object, const char *key, char *to, size_t size)
{
	const char *text = text_of(object, key);

	if (text[0] == '\0' || strlen(text) >= size)
		return false;
	memcpy(to, text, strlen(text) + 1);
	return true;
}

static bool
take_time(const json_t *object, const char *key, int64_t *to)
{
	const char *text = text_of(object, key), *rest;
	struct tm tm = { .tm_isdst = 0 };

	rest = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	*to = timegm(&tm);
	return rest != NULL && *rest == '\0' && *to > 0;
}

static bool
take_node(const json_t *from, struct manifest_node *to)
{
	const char *role = text_of(from, "role");

	to->publisher = strcmp(role, "publisher") == 0;
	return (to->publisher || strcmp(role, "subscriber") == 0) &&
	       take_text(from, "name", to->name, sizeof(to->name)) &&
	       take_text(from, "address", to->address, sizeof(to->address));
}

static bool
take_nodes(const json_t *list, struct manifest *m)
{
	size_t n = json_array_size(list);

	if (n == 0 || n > MANIFEST_NODES_MAX)
		return false;
	m->node = mem_array(n, sizeof(*m->node));
	for (m->nodes = 0; m->nodes < n; m->nodes++)
		if (!take_node(json_array_get(list, m->nodes), &m->node[m->nodes]))
			return false;
	return true;
}

static bool
take_file(const json_t *from, struct manifest *m)
{
	const json_t *size = json_object_get(from, "size");
	const char *path = text_of(from, "path");
	uint8_t sha256[MANIFEST_SHA256];

	if (!tar_name_is_fit(path) || !json_is_integer(size) || json_integer_value(size) < 0 ||
	    bytes_unhex(text_of(from, "sha256"), sha256, sizeof(sha256)) != MANIFEST_SHA256)
		return false;
	return manifest_add(m, path, (uint64_t)json_integer_value(size), sha256, NULL) == 0;
}

static bool
take_files(const json_t *list, struct manifest *m)
{
	if (!json_is_array(list))
		return false;
	for (size_t i = 0; i < json_array_size(list); i++)
		if (!take_file(json_array_get(list, i), m))
			return false;
	return true;
}

static int
take(const json_t *doc, struct manifest *m, struct err *e)
{
	const json_t *format = json_object_get(doc, "format");

	if (!json_is_integer(format) || json_integer_value(format) < 1)
		return err_set(e, ERR_NO, "the manifest does not say which format it has");
	if (json_integer_value(format) > MANIFEST_FORMAT) {
		err_set(e, ERR_NO, "the backup has format %lld, we know %d",
		    (long long)json_integer_value(format), MANIFEST_FORMAT);
		return err_hint(e, "it was made by a newer trustlist: restore it with that");
	}
	if (!take_text(doc, "program", m->program, sizeof(m->program)) ||
	    !take_text(doc, "cluster", m->cluster, sizeof(m->cluster)) ||
	    !take_text(doc, "release", m->release, sizeof(m->release)) ||
	    !take_time(doc, "created", &m->created))
		return err_set(e, ERR_NO, "the manifest does not say whose backup it is");
	if (!take_nodes(json_object_get(doc, "nodes"), m))
		return err_set(e, ERR_NO, "the nodes in the manifest do not add up");
	if (!take_files(json_object_get(doc, "files"), m))
		return err_set(e, ERR_NO, "file %zu in the manifest does not add up", m->files + 1);
	return 0;
}

int
manifest_read(struct bytes json, struct manifest *out, struct err *e)
{
	struct manifest m = { .created = 0 };
	json_error_t why;
	json_t *doc;
	int rc;

	*out = m;
	if (json.n == 0 || json.n > MANIFEST_BYTES_MAX)
		return err_set(e, ERR_NO, "a manifest of %zu bytes", json.n);
	doc = json_loadb((const char *)json.p, json.n, JSON_REJECT_DUPLICATES, &why);
	if (doc == NULL)
		return err_set(e, ERR_NO, "the manifest, line %d: %s", why.line, why.text);
	rc = take(doc, &m, e);
	json_decref(doc);
	if (rc == 0)
		*out = m;
	else
		manifest_free(&m);
	return rc;
}

/* ---- compared ---- */

static int
by_path(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int
each_once(const struct manifest *m, struct err *e)
{
	const char **path = mem_array(m->files, sizeof(*path));
	int rc = 0;

	for (size_t i = 0; i < m->files; i++)
		path[i] = m->file[i].path;
	if (m->files > 0)
		qsort(path, m->files, sizeof(*path), by_path);
	for (size_t i = 1; rc == 0 && i < m->files; i++)
		if (strcmp(path[i - 1], path[i]) == 0)
			rc = err_set(e, ERR_NO, "%.200s is in the backup twice", path[i]);
	free(path);
	return rc;
}

int
manifest_same_files(const struct manifest *says, const struct manifest *is, struct err *e)
{
	size_t n = says->files < is->files ? says->files : is->files;

	for (size_t i = 0; i < n; i++) {
		const struct manifest_file *a = &says->file[i], *b = &is->file[i];

		if (strcmp(a->path, b->path) != 0)
			return err_set(e, ERR_NO,
			    "the manifest has %.150s where %.150s is in the backup", a->path,
			    b->path);
		if (a->size != b->size || memcmp(a->sha256, b->sha256, MANIFEST_SHA256) != 0)
			return err_set(e, ERR_NO, "%.200s is not as the manifest says", a->path);
	}
	if (says->files != is->files)
		return err_set(e, ERR_NO, "%zu files are in the backup, %zu in its manifest",
		    is->files, says->files);
	return each_once(is, e);
}
