// DeleteGroups (42), v0–3. KIP-229; error messages since v3. Groups without members only. Of share groups the delivery
// state goes first, which is kept elsewhere.

import { handler } from '../handler.ts'
import { deleteShareState } from '../share/delete-share-state.ts'

export const deleteGroups = handler('DeleteGroups', async (services, request) => {
  const groupIds = new Set(request.groupsNames)
  await Promise.all([...groupIds].map((groupId) => deleteShareState(services, groupId, null)))
  return services.groups.deleteGroups(request)
})
