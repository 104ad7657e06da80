import t from 'tap'
import { updateFeatures } from '../../../broker/controller/features.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import { imageOf, stateOf } from './replicated.ts'

t.test('a feature asks for what it rests on; metadata goes down only where nothing is lost', async (t) => {
  const update = (level: number, feature: string, maxVersionLevel: number, upgradeType = 1) =>
    updateFeatures(stateOf(imageOf([1], [1], 1, level)), {
      ...{ timeoutMs: 1000, validateOnly: false },
      featureUpdates: [{ feature, maxVersionLevel, allowDowngrade: false, upgradeType }],
    }).answer.errorCode
  const refused = ErrorCode.INVALID_UPDATE_VERSION
  t.equal(update(22, 'eligible.leader.replicas.version', 1), refused)
  t.equal(update(23, 'eligible.leader.replicas.version', 1), 0)
  t.equal(update(29, 'metadata.version', 24, 2), 0)
  t.equal(update(29, 'metadata.version', 22, 2), refused)
  t.equal(update(29, 'metadata.version', 33), 0)
  t.equal(update(33, 'group.version', 1), refused, 'a broker is registered without it')
})
