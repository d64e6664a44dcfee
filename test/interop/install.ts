// Entry: puts the tools in place before the interop suite runs, and says what it has.
import { ALLOW_MISSING_COSIGN3, installTool, TOOL_NAMES, type ToolName, toolsFolder } from './tools.ts';

function whyText(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

async function install(name: ToolName): Promise<boolean> {
  try {
    const tool = await installTool(name, process.env);
    console.log(`  ${name.padEnd(16)} ${tool.version}`);
    return true;
  } catch (thrown) {
    console.error(`  ${name.padEnd(16)} could not be installed: ${whyText(thrown)}`);
    return name === 'cosign-3' && process.env[ALLOW_MISSING_COSIGN3] === '1';
  }
}

console.log(`Interop tools, in ${toolsFolder(process.env)}:`);
const installed = await Promise.all(TOOL_NAMES.map(install));
if (installed.includes(false)) {
  console.error(
    `The interop suite needs each of them, from Debian's packages. Without cosign 3 only, ${ALLOW_MISSING_COSIGN3}=1 lets the rest run.`,
  );
  process.exitCode = 1;
}
