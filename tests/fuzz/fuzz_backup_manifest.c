/* links: tl_admin */
#include <assert.h>

#include "admin/backup_manifest.h"
#include "tests/support/fuzz.h"

/* What could be read is written in a way that is read to the same. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct manifest m, again;
	struct wr json = { 0 };
	struct err e = { 0 };

	if (manifest_read(bytes_over(data, size), &m, &e) != 0) {
		assert(e.code == ERR_NO && e.text[0] != '\0');
		return 0;
	}
	if (manifest_write(&m, &json, &e) == 0) {
		assert(manifest_read(wr_view(&json), &again, &e) == 0);
		assert(again.files == m.files && again.nodes == m.nodes);
		for (size_t i = 0; i < m.files; i++)
			assert(tar_name_is_fit(m.file[i].path));
		manifest_free(&again);
	}
	wr_free(&json);
	manifest_free(&m);
	return 0;
}
