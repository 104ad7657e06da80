// Heartbeat (12), v0–4. KIP-345 (static members, v3).

import { handler } from '../handler.ts'

export const heartbeat = handler('Heartbeat', ({ groups }, request) => groups.heartbeat(request))
