#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "tests/support/suite.h"
#include "tftp/folder.h"

struct place {
	char *path;
	int fd;
	struct folder *folder;
	int64_t now;
};

static struct place
place_open(void)
{
	static unsigned next;
	struct place p = { .path = mem_fmt("%s/place-%u", suite_folder(), next++) };

	CU_ASSERT_EQUAL_FATAL(mkdir(p.path, 0700), 0);
	p.fd = open(p.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	p.folder = folder_new(p.fd);
	p.now = (int64_t)time(NULL);
	return p;
}

static void
place_close(struct place *p)
{
	folder_free(p->folder);
	close(p->fd);
	free(p->path);
}

static void
put(struct place *p, const char *name, const char *text)
{
	char *path = mem_fmt("%s/%s", p->path, name);
	struct err e;

	CU_ASSERT_EQUAL_FATAL(file_replace(path, bytes_of(text), 0600, &e), 0);
	free(path);
}

static void
make_folder(struct place *p, const char *name)
{
	CU_ASSERT_EQUAL_FATAL(mkdirat(p->fd, name, 0700), 0);
}

/* Does this name, a second after the last one, open a file with this text? */
static bool
finds(struct place *p, const char *name, const char *text)
{
	char got[64] = "";
	int fd = folder_open(p->folder, name, ++p->now, NULL, NULL);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, got, sizeof(got) - 1);
	close(fd);
	return n >= 0 && strcmp(got, text) == 0;
}

static bool
misses(struct place *p, const char *name)
{
	struct err e = { 0 };

	return folder_open(p->folder, name, ++p->now, NULL, &e) < 0 && e.code == ERR_NOT_FOUND;
}

static void
capitals_do_not_matter_when_there_is_no_such_name(void)
{
	struct place p = place_open();

	put(&p, "Ringlist.xml", "rings");
	CU_ASSERT(finds(&p, "Ringlist.xml", "rings"));
	CU_ASSERT(finds(&p, "RINGLIST.XML", "rings"));
	CU_ASSERT(finds(&p, "ringlist.xml", "rings"));
	put(&p, "RINGLIST.XML", "louder");
	CU_ASSERT(finds(&p, "RINGLIST.XML", "louder"));
	CU_ASSERT(finds(&p, "Ringlist.xml", "rings"));
	CU_ASSERT(finds(&p, "RingList.xml", "louder")); /* the first of the two */
	CU_ASSERT(misses(&p, "RingLists.xml"));
	CU_ASSERT(misses(&p, "RingList"));
	place_close(&p);
}

static void
folders_are_spelled_alike_too(void)
{
	struct place p = place_open();

	make_folder(&p, "Desktops");
	make_folder(&p, "Desktops/320x212x12");
	put(&p, "Desktops/320x212x12/List.xml", "pictures");
	CU_ASSERT(finds(&p, "Desktops/320x212x12/List.xml", "pictures"));
	CU_ASSERT(finds(&p, "desktops/320X212X12/LIST.XML", "pictures"));
	CU_ASSERT(misses(&p, "desktops/320x212x12"));
	CU_ASSERT(misses(&p, "desktops/320x212x12/list.xml/more"));
	CU_ASSERT(misses(&p, "desktops//320x212x12/list.xml"));
	place_close(&p);
}

static void
what_comes_and_goes_is_noticed(void)
{
	struct place p = place_open();

	CU_ASSERT(misses(&p, "DIALPLAN.XML"));
	put(&p, "dialplan.xml", "one");
	CU_ASSERT(finds(&p, "DIALPLAN.XML", "one"));
	put(&p, "dialplan.xml", "two");
	CU_ASSERT(finds(&p, "DIALPLAN.XML", "two"));
	CU_ASSERT_EQUAL(unlinkat(p.fd, "dialplan.xml", 0), 0);
	CU_ASSERT(misses(&p, "DIALPLAN.XML"));
	put(&p, "DialPlan.xml", "three");
	CU_ASSERT(finds(&p, "DIALPLAN.XML", "three"));
	place_close(&p);
}

/* The folder is not read for each name that somebody makes up, but a file under its own name is
 * there at once. */
static void
an_index_is_read_once_a_second(void)
{
	struct place p = place_open();
	int fd;

	CU_ASSERT(misses(&p, "Tones.xml"));
	put(&p, "tones.xml", "tones");
	CU_ASSERT(folder_open(p.folder, "Tones.xml", p.now, NULL, NULL) < 0);
	fd = folder_open(p.folder, "tones.xml", p.now, NULL, NULL);
	CU_ASSERT(fd >= 0);
	close(fd);
	CU_ASSERT(finds(&p, "Tones.xml", "tones"));
	place_close(&p);
}

static void
a_phones_own_files_go_by_one_name(void)
{
	static const char *const names[] = { "sep001122334455.cnf.xml", "SEP001122334455.CNF.XML",
		"SEP001122334455.Cnf.xml.sgn", "sep001122334455.cnf.xml.enc.sgn",
		"ctlsep001122334455.tlv" };
	struct place p = place_open();

	put(&p, "SEP001122334455.cnf.xml", "secret");
	put(&p, "SEP001122334455.cnf.xml.sgn", "secret");
	put(&p, "SEP001122334455.cnf.xml.enc.sgn", "secret");
	put(&p, "CTLSEP001122334455.tlv", "list");
	CU_ASSERT(finds(&p, "SEP001122334455.cnf.xml", "secret"));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		CU_ASSERT(misses(&p, names[i]));
	place_close(&p);
}

static void
no_spelling_leads_out(void)
{
	struct place p = place_open();
	char *secret = mem_fmt("%s/secret.txt", suite_folder());
	struct err e;

	CU_ASSERT_EQUAL_FATAL(file_replace(secret, bytes_of("secret"), 0600, &e), 0);
	CU_ASSERT_EQUAL(symlinkat(secret, p.fd, "link.txt"), 0);
	CU_ASSERT_EQUAL(symlinkat("..", p.fd, "up"), 0);
	put(&p, ".hidden", "hidden");
	CU_ASSERT(misses(&p, "LINK.TXT"));
	CU_ASSERT(misses(&p, "UP/secret.txt"));
	CU_ASSERT(misses(&p, "../SECRET.TXT"));
	CU_ASSERT(misses(&p, ".HIDDEN"));
	free(secret);
	place_close(&p);
}

static void
many_folders_take_turns(void)
{
	struct place p = place_open();
	char name[32];

	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 100; i++) {
			snprintf(name, sizeof(name), "f%d", i);
			if (round == 0)
				make_folder(&p, name);
			snprintf(name, sizeof(name), "f%d/a.xml", i);
			put(&p, name, "a");
			snprintf(name, sizeof(name), "F%d/A.XML", i);
			CU_ASSERT(finds(&p, name, "a"));
		}
	}
	place_close(&p);
}

static void
it_is_said_when_a_name_was_respelled(void)
{
	struct place p = place_open();
	bool respelled = true;
	int fd;

	put(&p, "Ringlist.xml", "rings");
	fd = folder_open(p.folder, "Ringlist.xml", p.now, &respelled, NULL);
	CU_ASSERT(fd >= 0 && !respelled);
	close(fd);
	fd = folder_open(p.folder, "RINGLIST.XML", p.now, &respelled, NULL);
	CU_ASSERT(fd >= 0 && respelled);
	close(fd);
	place_close(&p);
}

/* Who asks for names that are not there in a hundred folders does not keep us reading them. */
static void
only_so_many_folders_are_read_in_a_second(void)
{
	struct place p = place_open();
	char name[32];
	int found = 0;

	for (int i = 0; i < 100; i++) {
		int fd;

		snprintf(name, sizeof(name), "f%d", i);
		make_folder(&p, name);
		snprintf(name, sizeof(name), "f%d/a.xml", i);
		put(&p, name, "a");
		snprintf(name, sizeof(name), "f%d/A.XML", i);
		fd = folder_open(p.folder, name, p.now + 10, NULL, NULL);
		found += fd >= 0;
		if (fd >= 0)
			close(fd);
	}
	CU_ASSERT(found > 0 && found < 40);
	p.now += 20;
	CU_ASSERT(finds(&p, "f99/A.XML", "a"));
	place_close(&p);
}

static void
where_it_is_can_be_said(void)
{
	struct place p = place_open();
	struct folder *none = folder_new(-1);

	CU_ASSERT(strstr(folder_where(p.folder), "place-") != NULL);
	CU_ASSERT_STRING_EQUAL(folder_where(none), "the folder");
	folder_free(none);
	folder_free(NULL);
	place_close(&p);
}

static const struct suite_test tests[] = {
	{ "capitals do not matter when there is no such name",
	    capitals_do_not_matter_when_there_is_no_such_name },
	{ "folders are spelled alike too", folders_are_spelled_alike_too },
	{ "what comes and goes is noticed", what_comes_and_goes_is_noticed },
	{ "an index is read once a second", an_index_is_read_once_a_second },
	{ "a phone's own files go by one name", a_phones_own_files_go_by_one_name },
	{ "no spelling leads out", no_spelling_leads_out },
	{ "many folders take turns", many_folders_take_turns },
	{ "it is said when a name was respelled", it_is_said_when_a_name_was_respelled },
	{ "only so many folders are read in a second", only_so_many_folders_are_read_in_a_second },
	{ "where it is can be said", where_it_is_can_be_said },
};

SUITE_MAIN("tftp/folder", tests)
