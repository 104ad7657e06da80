// What the metadata log keeps of a password.

import { createHash, createHmac, pbkdf2Sync } from 'node:crypto'
import t from 'tap'
import { credentialsOf } from '../../../broker/metadata/kept.ts'
import { seed } from '../../host/implementations.ts'
import { MetadataMachine } from './harness.ts'

t.test('of a SCRAM credential the keys of RFC 5802 are kept, and never the salted password', async (t) => {
  const machine = new MetadataMachine(seed)
  let running = await machine.start()
  const salt = Buffer.from('salt')
  const saltedPassword = pbkdf2Sync('pencil', salt, 4096, 64, 'sha512')
  const upsertion = { name: 'u', mechanism: 2, iterations: 4096, salt, saltedPassword }
  const request = { deletions: [], upsertions: [upsertion] }
  const answer = await machine.simulation.complete(running.channel.send('AlterUserScramCredentials', request))
  t.match(answer.results, [{ user: 'u', errorCode: 0 }])
  await machine.stop(running)
  running = await machine.start()
  const [kept] = credentialsOf(running.metadata.image)
  const key = (text: string) => createHmac('sha512', saltedPassword).update(text).digest()
  t.same(Buffer.from(kept?.storedKey ?? []), createHash('sha512').update(key('Client Key')).digest())
  t.same(Buffer.from(kept?.serverKey ?? []), key('Server Key'))
  t.notMatch(JSON.stringify(kept), saltedPassword.toString('base64'))
  await machine.stop(running)
})
