#include "capf/proto.h"
