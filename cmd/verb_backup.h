/*
 * verb_backup: the verbs of disaster recovery - make a backup of an instance, check one, restore
 * one (admin/backup.h, admin/backup_restore.h).
 */
#ifndef TL_CMD_VERB_BACKUP_H
#define TL_CMD_VERB_BACKUP_H

#include "admin/verb.h"

extern const struct verb_set backup_verbs;

#endif
