// Loggers as a config resource (KIP-412). Milena has one logger, `root`, whose level is set at the start; it is shown,
// and changes are refused in words rather than taken without effect.

import { ErrorCode } from '../../../protocol/error-codes.ts'
import { ALTER } from '../../controller/configs.ts'
import { type Fault, fault } from '../../controller/decision.ts'
import { type AlteredResource, invalidRequest, nodeFault } from './resources.ts'

export const ROOT = 'root'
const LEVELS = ['DEBUG', 'ERROR', 'FATAL', 'INFO', 'TRACE', 'WARN']

export function alterLoggers({ resourceName, configs }: AlteredResource, nodeId: number): Fault {
  const node = nodeFault(resourceName, nodeId)
  if (node !== null) return node
  for (const { name, value, configOperation } of configs) {
    if (configOperation === ALTER.append) return operationFault('APPEND')
    if (configOperation === ALTER.subtract) return operationFault('SUBTRACT')
    if (name !== ROOT) return fault(ErrorCode.INVALID_CONFIG, `Logger ${name} does not exist!`)
    if (configOperation === ALTER.delete)
      return invalidRequest('Removing the log level of the root logger is not allowed')
    if (value === null || !LEVELS.includes(value)) {
      const wrong = `Cannot set the log level of ${name} to ${value} as it is not a supported log level.`
      return fault(ErrorCode.INVALID_CONFIG, `${wrong} Valid log levels are ${LEVELS.join(', ')}`)
    }
  }
  return fault(ErrorCode.INVALID_CONFIG, 'The log level is set when the broker is started')
}

function operationFault(operation: string): Fault {
  return invalidRequest(`${operation} operation is not allowed for the BROKER_LOGGER resource`)
}
