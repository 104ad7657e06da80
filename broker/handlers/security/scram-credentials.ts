// DescribeUserScramCredentials (50), v0, and AlterUserScramCredentials (51), v0. KIP-554. Kept for listeners that ask
// for authentication; changes are decided by the controller (controller/scram.ts).

import { ErrorCode } from '../../../protocol/error-codes.ts'
import { fault } from '../../controller/decision.ts'
import { credentialsOf } from '../../metadata/kept.ts'
import { handler } from '../handler.ts'
import { forwarded } from '../topics/controller-request.ts'

/** No names are all, and so is null. */
export const describeUserScramCredentials = handler('DescribeUserScramCredentials', (services, { users }) => {
  const all = credentialsOf(services.metadata.image)
  const names = (users?.length ?? 0) === 0 ? all.map(({ name }) => name) : (users ?? []).map(({ name }) => name)
  const timesAsked = countBy(users ?? [])
  const byName = Map.groupBy(all, ({ name }) => name)
  const results = [...new Set(names)].map((user) => {
    const credentials = byName.get(user) ?? []
    const credentialInfos = credentials.map(({ mechanism, iterations }) => ({ mechanism, iterations }))
    const wrong =
      (timesAsked.get(user) ?? 0) > 1 ? askedTwice(user) : credentialInfos.length === 0 ? missing(user) : FOUND
    return { user, ...wrong, credentialInfos: wrong === FOUND ? credentialInfos : [] }
  })
  return { errorCode: ErrorCode.NONE, errorMessage: '', results }
})

function countBy(users: readonly { readonly name: string }[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { name } of users) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}

const FOUND = fault(ErrorCode.NONE, '')

function askedTwice(user: string) {
  const message = `Cannot describe SCRAM credentials for the same user twice in a single request: ${user}`
  return fault(ErrorCode.DUPLICATE_RESOURCE, message)
}

function missing(user: string) {
  const message = `Attempt to describe a user credential that does not exist: ${user}`
  return fault(ErrorCode.RESOURCE_NOT_FOUND, message)
}

export const alterUserScramCredentials = forwarded('AlterUserScramCredentials', ({ deletions, upsertions }, fault) => {
  const users = new Set([...deletions, ...upsertions].map(({ name }) => name))
  return { throttleTimeMs: 0, results: Array.from(users, (user) => ({ user, ...fault })) }
})
