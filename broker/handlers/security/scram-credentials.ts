// DescribeUserScramCredentials (50), v0, and AlterUserScramCredentials (51), v0. KIP-554. Kept for listeners that ask
// for authentication; changes are decided by the controller (controller/scram.ts).

import { textKey } from '../../../host/text-key.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import { fault } from '../../controller/decision.ts'
import { credentialsOf } from '../../metadata/kept.ts'
import { handler } from '../handler.ts'
import { forwarded } from '../topics/controller-request.ts'

/** No names are all, and so is null. */
export const describeUserScramCredentials = handler('DescribeUserScramCredentials', (services, { users }) => {
  const byName = Map.groupBy(credentialsOf(services.metadata.image), ({ name }) => textKey(name))
  const asked = Map.groupBy(users ?? [], ({ name }) => textKey(name))
  const results = Array.from((asked.size === 0 ? byName : asked).entries(), ([key, [first]]) => {
    const user = first?.name ?? ''
    const credentialInfos = (byName.get(key) ?? []).map(({ mechanism, iterations }) => ({ mechanism, iterations }))
    const isTwice = (asked.get(key)?.length ?? 0) > 1
    const wrong = isTwice ? askedTwice(user) : credentialInfos.length === 0 ? missing(user) : FOUND
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

export const alterUserScramCredentials = forwarded('AlterUserScramCredentials', ({ deletions, upsertions }, fault) => {
  const users = new Set([...deletions, ...upsertions].map(({ name }) => name))
  return { throttleTimeMs: 0, results: Array.from(users, (user) => ({ user, ...fault })) }
})
