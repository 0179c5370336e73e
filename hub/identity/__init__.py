"""Who is who: match, cluster, keep golden ids stable, explain every link, build golden records."""
