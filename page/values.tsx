/** What a value was and will be. */

/** Longer ones are opened to be read. */
const longValue = 600;

const Value = ({ text, is }: { readonly text: string; readonly is: 'from' | 'to' }) => {
  const Tag = is === 'from' ? 'del' : 'ins';
  if (text.length <= longValue) return <Tag>{text}</Tag>;
  return (
    <details class="long">
      <summary>
        {is === 'from' ? 'Before' : 'After'}: {text.length.toLocaleString('en')} characters
      </summary>
      <Tag>{text}</Tag>
    </details>
  );
};

/** `from` '': it was not there. */
export const Values = ({ from, to }: { readonly from: string; readonly to: string }) => (
  <div class="values">
    {from !== '' && <Value text={from} is="from" />}
    {from !== '' && <span class="arrow"> → </span>}
    <Value text={to} is="to" />
  </div>
);
