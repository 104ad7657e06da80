// DeleteGroups (42), v0–3. KIP-229; error messages since v3. Groups without members only.

import { handler } from '../handler.ts'

export const deleteGroups = handler('DeleteGroups', ({ groups }, request) => groups.deleteGroups(request))
