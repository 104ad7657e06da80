// LeaveGroup (13), v0–5. KIP-345 (several members, by instance too, v3), KIP-800 (reasons, v5).

import { handler } from '../handler.ts'

export const leaveGroup = handler('LeaveGroup', ({ groups }, request, context) => groups.leaveGroup(context, request))
