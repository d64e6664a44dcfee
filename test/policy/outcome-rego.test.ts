// From Rego to a verdict, through the engine: that METADATA and values arrive as the outcome expects them.
import { afterAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { ProofgateError } from '../../src/base/errors.ts';
import { toVerdict } from '../../src/policy/outcome.ts';
import { describeRules } from '../../src/policy/rule-description.ts';
import { selectRules } from '../../src/policy/selection.ts';
import { openEngine } from '../../src/policy/wasm/open-engine.ts';
import { criteria, lines, NOW } from './support/rules.ts';

const { engine } = openEngine({ threads: 1, clock: systemClock });
afterAll(() => engine.close());

async function evaluate(...texts: readonly string[]) {
  const modules = texts.map((text, index) => ({ path: `${index}.rego`, text }));
  const policy = await engine.compile({ modules, data: '{}' });
  const book = describeRules(policy.rules);
  const rules = selectRules(book, criteria());
  const { values } = await policy.evaluate('{}', rules, async () => undefined);
  return toVerdict({ book, criteria: criteria(), values, effectiveTime: NOW });
}

const SHOP = `
# METADATA
# title: The shop
# custom:
#   short_name: package
package shop.cart

# METADATA
# title: A date alone
# description: See xref:a.adoc#b[the page].
# custom:
#   short_name: date
#   effective_on: 2099-01-01
deny contains result if result := _result(rego.metadata.chain())

# METADATA
# title: A date with one digit
# custom:
#   short_name: digit
#   effective_on: 2099-5-01T00:00:00Z
deny contains result if result := _result(rego.metadata.chain())

# METADATA
# title: No date
# custom:
#   short_name: unreadable
#   effective_on: when it suits
deny contains result if result := _result(rego.metadata.chain())

# METADATA
# title: Long ago
# description: Says why.
# custom:
#   short_name: past
#   effective_on: 2022-01-01T00:00:00Z
#   collections: [minimal]
deny contains result if {
  some term in {"b", "a"}
  result := object.union(_result(rego.metadata.chain()), {"term": term, "count": 12345678901234567890})
}

# METADATA
# custom:
#   short_name: passes
deny contains "never" if false

deny_old contains "excepted"
warn_old contains "excepted too"
warn contains "plain"
exception contains ["old"]

_result(chain) := {
  "msg": chain[0].annotations.title,
  "code": concat(".", array.concat(array.slice(chain[0].path, 0, 2), [chain[0].annotations.custom.short_name])),
}
`;

describe('a policy in Rego', () => {
  it('has dates, terms, exceptions and successes as it says', async () => {
    const verdict = await evaluate(SHOP);
    expect(lines(verdict.violations)).toEqual([
      'shop.cart.past | a | Long ago',
      'shop.cart.past | b | Long ago',
      'shop.cart.unreadable | No date',
    ]);
    expect(lines(verdict.warnings)).toEqual([
      'plain',
      'shop.cart.date | A date alone. It becomes a violation on 2099-01-01T00:00:00Z',
      'shop.cart.digit | A date with one digit. It becomes a violation on 2099-05-01T00:00:00Z',
    ]);
    expect(lines(verdict.successes)).toEqual(['shop.cart.passes | Pass']);
    expect(verdict.violations[0]?.rule).toMatchObject({
      title: 'Long ago',
      collections: ['minimal'],
      terms: ['a'],
    });
    expect(verdict.warnings[1]?.rule.description).toBe('See the page.');
  });

  it('may have a package whose name is no identifier', async () => {
    const verdict = await evaluate(`
package shop["check-out"]

# METADATA
# custom:
#   short_name: fails
deny contains {"msg": "No", "code": "shop.check-out.fails"}
`);
    expect(lines(verdict.violations)).toEqual(['shop.check-out.fails | No']);
    expect(verdict.successes).toEqual([]);
  });

  it.each([
    ['deny if true', 'BAD_POLICY'],
    ['deny := "No"', 'BAD_POLICY'],
    ['deny contains 7', 'BAD_POLICY'],
    ['deny["No"] := "no"', 'BAD_POLICY'],
    ['deny(x) := x', 'BAD_POLICY'],
    ['deny := {"msg": "No"} if false\ndeny := true', 'POLICY_FAILED'],
    ['deny := input.x if input.x\ndeny := {"msg": "No"}', 'POLICY_FAILED'],
    ['deny contains ["No"]', 'POLICY_FAILED'],
    ['deny contains {"message": "No"}', 'POLICY_FAILED'],
  ])('is an error, and no pass, when it says %s', async (text, code) => {
    const failure = await evaluate(`package main\n\n${text}\n`).catch((thrown: unknown) => thrown);
    expect(failure).toBeInstanceOf(ProofgateError);
    expect(failure).toMatchObject({ code });
    expect((failure as ProofgateError).message).toContain('main.deny');
  });

  it('is an error when two files give one code', async () => {
    const text = 'package main\n\n# METADATA\n# custom:\n#   short_name: x\ndeny contains "No"\n';
    const failure = await evaluate(text, text.replace('"No"', '"Neither"')).catch(
      (thrown: unknown) => thrown,
    );
    expect(failure).toMatchObject({ code: 'BAD_POLICY' });
    expect((failure as ProofgateError).message).toContain('0.rego:6 and 1.rego:6');
  });
});
