// DescribeUserScramCredentials (50), v0, and AlterUserScramCredentials (51), v0. KIP-554. Kept for listeners that ask
// for authentication; changes are decided by the controller (controller/scram.ts).

import { ErrorCode } from '../../../protocol/error-codes.ts'
import { fault } from '../../controller/decision.ts'
import { credentialsOf } from '../../metadata/kept.ts'
import { handler } from '../handler.ts'
import { forwarded, TIMED_OUT } from '../topics/controller-request.ts'

/** No names are all, and so is null. */
export const describeUserScramCredentials = handler('DescribeUserScramCredentials', (services, { users }) => {
  const all = credentialsOf(services.metadata.image)
  const names = (users?.length ?? 0) === 0 ? all.map(({ name }) => name) : (users ?? []).map(({ name }) => name)
  const isTwice = (name: string) => (users?.filter((user) => user.name === name).length ?? 0) > 1
  const results = [...new Set(names)].map((user) => {
    const credentialInfos = all
      .filter(({ name }) => name === user)
      .map(({ mechanism, iterations }) => ({ mechanism, iterations }))
    const wrong = isTwice(user) ? askedTwice(user) : credentialInfos.length === 0 ? missing(user) : FOUND
    return { user, ...wrong, credentialInfos: wrong === FOUND ? credentialInfos : [] }
  })
  return { errorCode: ErrorCode.NONE, errorMessage: '', results }
})

const FOUND = fault(ErrorCode.NONE, '')

function askedTwice(user: string) {
  const message = `Cannot describe SCRAM credentials for the same user twice in a single request: ${user}`
  return fault(ErrorCode.DUPLICATE_RESOURCE, message)
}

function missing(user: string) {
  const message = `Attempt to describe a user credential that does not exist: ${user}`
  return fault(ErrorCode.RESOURCE_NOT_FOUND, message)
}

export const alterUserScramCredentials = forwarded('AlterUserScramCredentials', ({ deletions, upsertions }) => {
  const users = new Set([...deletions, ...upsertions].map(({ name }) => name))
  return { throttleTimeMs: 0, results: Array.from(users, (user) => ({ user, ...TIMED_OUT })) }
})
