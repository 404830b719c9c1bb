# What Request Tracker's own API cannot do: a user with rights, a field for all queues, two queues.
use strict;
use warnings;
use lib '/usr/local/share/request-tracker5/lib', '/usr/share/request-tracker5/lib';
use RT;
RT::LoadConfig();
RT::Init();

for my $name (qw(pointsman ann)) {
    my $user = RT::User->new(RT->SystemUser);
    $user->Load($name);
    $user->Create(Name => $name, Privileged => 1, EmailAddress => "$name\@example.com")
        unless $user->Id;
    $user->SetPassword('secret-of-tests');
    $user->PrincipalObj->GrantRight(Right => 'SuperUser', Object => $RT::System);
}
my $labels = RT::CustomField->new(RT->SystemUser);
my $about = 'RT::Queue-RT::Ticket';
$labels->LoadByName(Name => 'Labels', LookupType => $about);
$labels->Create(Name => 'Labels', Type => 'FreeformMultiple', LookupType => $about)
    unless $labels->Id;
$labels->AddToObject(RT::Queue->new(RT->SystemUser));
for my $name (qw(orders billing)) {
    my $queue = RT::Queue->new(RT->SystemUser);
    $queue->Load($name);
    $queue->Create(Name => $name) unless $queue->Id;
}
my $everyone = RT::Group->new(RT->SystemUser);
$everyone->LoadSystemInternalGroup('Everyone');
$everyone->PrincipalObj->GrantRight(Right => 'CreateTicket', Object => $RT::System);
