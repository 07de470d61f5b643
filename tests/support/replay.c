/*
 * replay: runs every file of the folders named on the command line through a fuzz target, each in
 * memory of exactly its own size so that the sanitizer sees a read past the end.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "tests/support/fuzz.h"

static void
run_file(const char *path)
{
	struct wr text = { 0 };
	uint8_t *own;
	struct err e;

	printf("%s\n", path); /* the last line printed is the file that did it */
	fflush(stdout);
	if (file_read(path, WR_MAX, &text, &e) != 0) {
		fprintf(stderr, "%s\n", e.text);
		exit(1);
	}
	own = mem_new(text.n);
	if (text.n > 0)
		memcpy(own, text.p, text.n);
	LLVMFuzzerTestOneInput(own, text.n);
	free(own);
	wr_free(&text);
}

static unsigned
run_folder(const char *folder)
{
	DIR *d = opendir(folder);
	struct dirent *entry;
	unsigned n = 0;

	if (d == NULL) {
		perror(folder);
		exit(1);
	}
	while ((entry = readdir(d)) != NULL) {
		char *path;

		if (entry->d_name[0] == '.')
			continue;
		path = mem_fmt("%s/%s", folder, entry->d_name);
		run_file(path);
		free(path);
		n++;
	}
	closedir(d);
	return n;
}

int
main(int argc, char **argv)
{
	unsigned n = 0;

	for (int i = 1; i < argc; i++)
		n += run_folder(argv[i]);
	printf("%u files\n", n);
	return n > 0 ? 0 : 1;
}
