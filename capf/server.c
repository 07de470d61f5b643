#include "capf/server.h"
