/** What the simulated kubelets do: the files of `stages/`, with the identity of each image in place of `$imageID`. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(import.meta.dirname, 'stages');

/**
 * Template, inside a range over containers, of what a kubelet reports as `imageID`: the repository with its registry, and a digest. The digest is
 * that of the reference where it holds one; otherwise it follows from the reference and the pod's annotation `countersign.test/images`, as if
 * that said what the tag meant when the node pulled it. `none` is an image that no registry knows: the bare id of its configuration.
 */
const imageId = `{{- $pulled := dig "metadata" "annotations" "countersign.test/images" "" $ }}
          {{- $named := splitList "@" .image | first }}
          {{- $repository := regexReplaceAll ":[^:/]*$" $named "" }}
          {{- $tag := trimPrefix $repository $named | trimPrefix ":" | default "latest" }}
          {{- if not (contains "/" $repository) }}{{ $repository = printf "library/%s" $repository }}{{ end }}
          {{- if not (regexMatch "^([^/]*[.:][^/]*|localhost)/" $repository) }}{{ $repository = printf "docker.io/%s" $repository }}{{ end }}
          {{- $digest := printf "sha256:%s" (sha256sum (printf "%s:%s %s" $repository $tag $pulled)) }}
          {{- if contains "@" .image }}{{ $digest = splitList "@" .image | last }}{{ end }}
            imageID: {{ ternary $digest (printf "%s@%s" $repository $digest) (eq $pulled "none") | Quote }}`;

/** Names of the files of `stages/`. */
const stageNames = (): readonly string[] => readdirSync(folder).filter((file) => file.endsWith('.yaml'));

/** Where the stages of a control plane are, each a file that kwok reads. */
export const stageFiles = (dir: string): readonly string[] => stageNames().map((file) => join(dir, file));

/** Writes them. */
export const writeStages = (dir: string): void => {
  mkdirSync(dir, { recursive: true });
  for (const file of stageNames()) {
    const text = readFileSync(join(folder, file), 'utf8');
    writeFileSync(
      join(dir, file),
      text.replaceAll(/^ *imageID: \$imageID$/gm, () => `          ${imageId}`),
    );
  }
};
