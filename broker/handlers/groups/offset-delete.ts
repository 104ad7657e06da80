// OffsetDelete (47), v0. KIP-496.

import { handler } from '../handler.ts'

export const offsetDelete = handler('OffsetDelete', ({ groups }, request) => groups.deleteOffsets(request))
