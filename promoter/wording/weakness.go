package wording

import "github.com/sluice-sec/sluice/connectors/finding"

// Weakness is what an engineer needs to know of a CWE when the report says
// nothing but its number: why it matters and how to mend it. Both are empty
// where we have no words.
type Weakness struct{ Why, How string }

// WeaknessOf is the first of a finding's weaknesses that we have words for.
// The numbers are those of https://cwe.mitre.org; the words are ours.
func WeaknessOf(f finding.Finding) Weakness {
	for _, cwe := range f.Rule.CWEs {
		if w, ok := weaknesses[cwe]; ok {
			return w
		}
	}
	if f.Kind == finding.Secret {
		return weaknesses["CWE-798"]
	}
	return Weakness{}
}

var weaknesses = map[string]Weakness{
	"CWE-22":   {"A path that is built from input can leave the folder it was meant for.", "Resolve the path and check that it still lies in the folder, or open it through an API that cannot leave it (in Go, os.Root)."},
	"CWE-74":   {"Input that becomes part of a command, query or document can change what it means.", "Pass input as data, through parameters or an encoder made for that place."},
	"CWE-77":   {"Input that becomes part of a command can run other commands.", "Call the program directly with a list of arguments, and check input against what is allowed."},
	"CWE-78":   {"Whoever controls a part of the command line can run other programs.", "Call the program directly with a list of arguments, without a shell, and check input against what is allowed."},
	"CWE-79":   {"Input that reaches a page unescaped runs as script in the browser of whoever looks at it.", "Let a template engine that escapes by context write it, and mark nothing as safe that came from outside."},
	"CWE-88":   {"Input that starts with a dash can become an option of the program that is called.", "Put -- before input in the list of arguments, or check that it does not begin with a dash."},
	"CWE-89":   {"Whoever controls a part of the query controls the query.", "Use placeholders and pass the values apart from the text of the query."},
	"CWE-90":   {"Input can change what a directory query asks for.", "Escape it with the library's function for filters or names."},
	"CWE-94":   {"Input that is evaluated as code runs with this program's rights.", "Do not evaluate it; choose from a fixed set of operations instead."},
	"CWE-113":  {"A line break in a header lets input add headers of its own.", "Refuse carriage returns and line feeds, or set the header through an API that does."},
	"CWE-117":  {"Line breaks in input can forge entries of the log.", "Log input as a quoted or structured field."},
	"CWE-118":  {"Memory outside the intended range can be read or written.", "Check the index against the length first."},
	"CWE-120":  {"More can be written than the buffer holds.", "Bound the copy by the size of the destination."},
	"CWE-125":  {"Memory beyond the end of a buffer can be read.", "Check the index against the length first."},
	"CWE-190":  {"A number that does not fit wraps around and passes checks it should fail.", "Check the range before converting or calculating."},
	"CWE-200":  {"Something is shown to people who should not see it.", "Return only what the caller needs, and keep details in the log."},
	"CWE-209":  {"Error messages tell an attacker how the inside looks.", "Show a general message and log the details."},
	"CWE-242":  {"This function cannot be used safely.", "Use the bounded one that replaces it."},
	"CWE-250":  {"It runs with more rights than its work needs.", "Drop the rights, or give the account only those it uses."},
	"CWE-252":  {"An error that nobody looks at lets the program go on as if all were well.", "Check the returned value."},
	"CWE-276":  {"Other accounts on the machine can read or change what is written.", "Give only the owner access: 0600 for files, 0700 for folders."},
	"CWE-284":  {"Something is open to more people than intended.", "Check who asks, on the server, before answering."},
	"CWE-287":  {"Somebody may pass for somebody else.", "Check the proof of identity on every path that leads here."},
	"CWE-295":  {"Without checking the certificate anybody on the way can read and change the traffic.", "Check certificates; for a private authority, add it to the trusted ones."},
	"CWE-306":  {"It can be used without saying who one is.", "Ask for authentication before doing the work."},
	"CWE-311":  {"What is sent or stored in the clear can be read by others.", "Encrypt it."},
	"CWE-319":  {"What is sent in the clear can be read and changed on the way.", "Use TLS."},
	"CWE-321":  {"A key in the source is known to everybody who has the source.", "Take it from a secret store, and replace the one that was published."},
	"CWE-322":  {"Without checking whose key it is, anybody can be at the other end.", "Check the host's key against the known ones."},
	"CWE-326":  {"The key or the protocol is weak enough to be broken.", "Use today's sizes and versions: TLS 1.2 or later, RSA from 2048 bits."},
	"CWE-327":  {"This algorithm can be broken with the means of today.", "Use a current one: AES-GCM, SHA-256, Argon2 or bcrypt for passwords."},
	"CWE-328":  {"This hash can be forged or turned back.", "Use SHA-256 or better; for passwords Argon2 or bcrypt."},
	"CWE-330":  {"Values that can be guessed protect nothing.", "Use the operating system's source of randomness (in Go, crypto/rand)."},
	"CWE-338":  {"This generator's next value can be worked out from earlier ones.", "Use the operating system's source of randomness (in Go, crypto/rand)."},
	"CWE-352":  {"Another site can make a logged-in user's browser send this request.", "Ask for a token the other site cannot know, and set cookies to SameSite."},
	"CWE-362":  {"Two things at once can meet in a state neither expects.", "Do it in one atomic step or under a lock."},
	"CWE-369":  {"Input can make this divide by zero.", "Check the divisor first."},
	"CWE-377":  {"Somebody else can be first with a file of a name that can be guessed.", "Let the library make it (in Go, os.CreateTemp)."},
	"CWE-400":  {"Input can make this use up memory, time or connections.", "Set a limit or a timeout."},
	"CWE-409":  {"A small archive can unpack to more than the machine holds.", "Bound what is read while unpacking."},
	"CWE-434":  {"A file somebody uploads may be run or served as something it should not be.", "Check type and name, and store it where nothing is run."},
	"CWE-476":  {"It crashes when there is no value.", "Check for it first."},
	"CWE-502":  {"Data from outside can make objects do things while they are read.", "Use a format that holds only data, such as JSON, and check it."},
	"CWE-521":  {"Short or simple passwords are guessed.", "Ask for longer ones and compare them with known leaks."},
	"CWE-522":  {"Credentials can be read by others on their way or where they are kept.", "Encrypt the way, and hash or encrypt what is kept."},
	"CWE-532":  {"Logs are read by more people and kept longer than the secret should be.", "Leave it out, or log a shortened hash."},
	"CWE-601":  {"A link to this site can lead people to another one.", "Redirect to known addresses or to paths of this site only."},
	"CWE-611":  {"XML from outside can make the parser read files or call addresses.", "Turn external entities off."},
	"CWE-614":  {"The cookie is also sent over connections anybody can read.", "Set Secure on it."},
	"CWE-676":  {"This function is hard to use safely.", "Use the safer one that replaces it."},
	"CWE-693":  {"A protection that others rely on is missing here.", "Turn it on."},
	"CWE-703":  {"An error that nobody looks at lets the program go on as if all were well.", "Check the returned value."},
	"CWE-732":  {"Other accounts on the machine can read or change it.", "Give only the owner access: 0600 for files, 0700 for folders."},
	"CWE-754":  {"A case that seldom happens is not looked at.", "Check for it and say what to do."},
	"CWE-770":  {"Nothing bounds how much this can use.", "Set a limit or a timeout."},
	"CWE-787":  {"Memory beyond the end of a buffer can be written.", "Check the index against the length first."},
	"CWE-798":  {"A credential in the source is known to everybody who has the source, and stays in its history.", "Revoke it and make a new one; then read it from a secret store. Taking it out of the code alone is not enough."},
	"CWE-862":  {"Nothing checks that the caller may do this.", "Check the caller's rights, on the server, before doing it."},
	"CWE-863":  {"The check of rights can be passed by somebody without them.", "Check the right for this very object."},
	"CWE-915":  {"A caller can set fields they were not meant to set.", "Copy only the fields that may be set."},
	"CWE-918":  {"Whoever controls the address can make this server call others inside the network.", "Allow known hosts only, and check the address after resolving it."},
	"CWE-942":  {"Any site's script can read the answers in a user's name.", "Name the origins that may."},
	"CWE-1004": {"Script on the page can read the cookie.", "Set HttpOnly on it."},
	"CWE-1333": {"Some inputs make this expression run for minutes.", "Simplify it, bound the input, or use an engine with linear time."},
	"CWE-1321": {"Input can add members to what all objects inherit, and so change what code elsewhere does.", "Merge only known members, or into objects without a prototype."},
}
